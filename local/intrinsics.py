"""CloudFormation's intrinsic functions, worked out without CloudFormation.

Only what ``template.yaml`` needs: a function not known here is an error and not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.errors import LocalError

REGION = "eu-west-2"
ACCOUNT = "123456789012"
KEYS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
"""Credentials that boto3 insists on and nobody checks."""
STACK_NAME = "school-placements-performance"

PSEUDO_PARAMETERS: dict[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK_NAME}/local",
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}

# Type: (the name property, what Ref gives, what GetAtt Arn gives). {name} is the resource's own name.
_RESOURCES: dict[str, tuple[str, str, str]] = {
    "AWS::S3::Bucket": ("BucketName", "{name}", "arn:aws:s3:::{name}"),
    "AWS::Lambda::Function": ("FunctionName", "{name}", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}"),
    "AWS::SQS::Queue": (
        "QueueName",
        f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{{name}}",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    ),
    "AWS::SNS::Topic": (
        "TopicName",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
        f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    ),
    # AWS adds six characters to the name; Secrets Manager also finds a secret by its ARN without them.
    "AWS::SecretsManager::Secret": (
        "Name",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{name}}",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{name}}",
    ),
    "AWS::Athena::WorkGroup": ("Name", "{name}", f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{{name}}"),
    "AWS::Events::Rule": ("Name", "{name}", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}"),
    "AWS::Glue::Database": ("DatabaseInput.Name", "{name}", f"arn:aws:glue:{REGION}:{ACCOUNT}:database/{{name}}"),
    "AWS::Glue::Table": ("TableInput.Name", "{name}", f"arn:aws:glue:{REGION}:{ACCOUNT}:table/{{name}}"),
}
_LOWER_CASE = {"AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Glue::Table"}


class TemplateError(LocalError):
    """``template.yaml`` uses something that the local stack does not know."""


class Resolver:
    """Works out the value of any part of a translated template, for given parameter values."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._mappings: Mapping[str, Any] = template.get("Mappings", {})
        self._rules: Mapping[str, Any] = template.get("Rules", {})
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._stack = str(parameters.get("AWS::StackName", STACK_NAME))
        self._parameters = dict(parameters)
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Join": lambda a: self.value(a[0]).join(str(part) for part in self.value(a[1])),
            "Fn::Split": lambda a: self.value(a[1]).split(self.value(a[0])),
        }

    def value(self, node: Any) -> Any:
        """Return ``node`` with every intrinsic function worked out; what is ``AWS::NoValue`` is left out."""
        if isinstance(node, dict):
            if len(node) == 1:
                name, argument = next(iter(node.items()))
                if name in self._functions:
                    return self._functions[name](argument)
                if name.startswith("Fn::"):
                    raise TemplateError(
                        f"template.yaml uses {name}, which local/intrinsics.py does not know; add it there"
                    )
            values = {key: self.value(child) for key, child in node.items()}
            return {key: child for key, child in values.items() if child is not None}
        if isinstance(node, list):
            return [child for child in map(self.value, node) if child is not None]
        return node

    def name(self, logical_id: str) -> str:
        """Return the physical name of a resource: the declared one, or one made much as CloudFormation makes it.

        A bucket's is the stack, the logical id and a part of CloudFormation's own choice, in lower case
        (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html).
        """
        resource = self._resource(logical_id)
        kind = resource["Type"]
        if kind in _RESOURCES:
            declared: Any = resource.get("Properties", {})
            for step in _RESOURCES[kind][0].split("."):
                declared = (declared or {}).get(step)
            if declared is not None:
                return str(self.value(declared))
        physical = f"{self._stack}-{logical_id}{'-local' if kind in _RESOURCES else ''}"
        return physical.lower() if kind in _LOWER_CASE else physical

    def broken_rules(self) -> list[str]:
        """Return what the template's rules say against these parameters; CloudFormation would refuse them."""
        return [
            str(assertion.get("AssertDescription", name))
            for name, rule in self._rules.items()
            if "RuleCondition" not in rule or self._truth(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._truth(assertion["Assert"])
        ]

    def exists(self, logical_id: str) -> bool:
        """Return whether a resource is created at all: it has no condition, or a true one."""
        condition = self._resource(logical_id).get("Condition")
        return condition is None or self.condition(condition)

    def condition(self, name: str) -> bool:
        """Return whether a named condition holds."""
        if name not in self._conditions:
            raise TemplateError(f"template.yaml refers to the condition {name}, which it does not declare")
        return self._truth(self._conditions[name])

    def _truth(self, node: Any) -> bool:
        name, argument = next(iter(node.items()))
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            return bool(str(self.value(argument[0])) == str(self.value(argument[1])))
        if name == "Fn::Not":
            return not self._truth(argument[0])
        if name == "Fn::And":
            return all(map(self._truth, argument))
        if name == "Fn::Or":
            return any(map(self._truth, argument))
        raise TemplateError(f"template.yaml has a condition with {name}, which local/intrinsics.py does not know")

    def _resource(self, logical_id: str) -> Mapping[str, Any]:
        if logical_id not in self._resources:
            raise TemplateError(f"template.yaml refers to {logical_id}, which is neither a parameter nor a resource")
        resource: Mapping[str, Any] = self._resources[logical_id]
        return resource

    def _ref(self, logical_id: str) -> Any:
        if logical_id in self._parameters:
            return self._parameters[logical_id]
        if logical_id in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[logical_id]
        form = _RESOURCES.get(self._resource(logical_id)["Type"], ("", "{name}", ""))[1]
        return form.format(name=self.name(logical_id))

    def _attribute(self, argument: str | list[str]) -> str:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        name = self.name(logical_id)
        kind = self._resource(logical_id)["Type"]
        if attribute == "Arn":
            form = _RESOURCES.get(kind, ("", "", f"arn:aws:local:{REGION}:{ACCOUNT}:{{name}}"))[2]
            return form.format(name=name)
        if kind == "AWS::CloudFront::Distribution" and attribute == "DomainName":
            return "localhost"  # where the page is served on this machine
        if kind == "AWS::S3::Bucket" and attribute.endswith("DomainName"):
            return f"{name}.s3.{REGION}.amazonaws.com"
        return f"{name}.{attribute}"

    def _sub(self, argument: str | list[Any]) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def replace(match: re.Match[str]) -> str:
            key = match.group(1)
            if key.startswith("!"):  # ${!name} is the literal ${name}
                return "${" + key[1:] + "}"
            if key in given:
                return str(self.value(given[key]))
            return str(self._attribute(key) if "." in key else self._ref(key))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def _if(self, argument: list[Any]) -> Any:
        return self.value(argument[1] if self.condition(argument[0]) else argument[2])

    def _find_in_map(self, argument: list[Any]) -> Any:
        value: Any = self._mappings
        for step in map(self.value, argument[:3]):
            if str(step) not in value:
                raise TemplateError(f"template.yaml looks up {argument} in Mappings, where {step} is missing")
            value = value[str(step)]
        return self.value(value)
