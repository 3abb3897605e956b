/** Starts the server, and ends it with the process that started it. Trino's own launcher is in a tarball that is not to be had everywhere. */
public final class Launcher
{
    private Launcher() {}

    public static void main(String[] arguments)
    {
        Thread watch = new Thread(Launcher::haltWithParent, "parent-watch");
        watch.setDaemon(true);
        watch.start();
        new io.trino.server.Server().start(arguments[0]);
    }

    /** The parent holds the other end of standard input, which closes when it ends in whatever way. */
    private static void haltWithParent()
    {
        try {
            while (System.in.read() >= 0) {
                continue;
            }
        }
        catch (java.io.IOException ignored) {
            // gone too
        }
        Runtime.getRuntime().halt(0);
    }
}
