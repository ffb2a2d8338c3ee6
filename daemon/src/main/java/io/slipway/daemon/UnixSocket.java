package io.slipway.daemon;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// Looks at a path where a socket is to be.
final class UnixSocket {
    private UnixSocket() {}

    /// Whether somebody accepts connections there. A socket file that a dead process left refuses them
    /// (unix(7), ECONNREFUSED).
    static boolean answers(Path path) {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false;
        }
    }

    /// Makes sure that the path may be taken over: nothing there, or a socket on which nobody answers.
    static void mustBeFree(Path path, String flag) throws StartException {
        if (answers(path)) {
            throw new StartException(
                    ExitCode.IN_USE,
                    "address " + path + ": somebody answers there; stop that daemon or name another path with " + flag);
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isOther(path)) {
            throw new StartException(
                    ExitCode.IN_USE, "address " + path + ": is not a socket; name another path with " + flag);
        }
    }

    /// Neither file nor directory nor link: of what can be there, a socket.
    private static boolean isOther(Path path) {
        try {
            return (Boolean) Files.getAttribute(path, "basic:isOther", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            return false;
        }
    }
}
