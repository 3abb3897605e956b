"""What may be published: disclosure control, texts, ids, what a release is compared with, which is current."""
