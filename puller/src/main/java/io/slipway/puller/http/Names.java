package io.slipway.puller.http;

import io.slipway.puller.RegistryException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Name resolution, so that the address policy judges exactly what is dialled.
@FunctionalInterface
public interface Names {
    /// All addresses of a host name or address literal (without brackets).
    List<InetAddress> resolve(String host) throws RegistryException, InterruptedException;

    /// The system's resolver (hosts file, DNS), on threads of its own: a lookup blocks in native code.
    static Names system(ExecutorService threads, Duration limit) {
        return host -> {
            Future<List<InetAddress>> lookup = threads.submit(() -> List.of(InetAddress.getAllByName(host)));
            try {
                return lookup.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException e) {
                String why = e.getCause() instanceof UnknownHostException ? "no such host" : "name resolution failed";
                throw new RegistryException(
                        RegistryException.Code.UNREACHABLE,
                        host,
                        "can't find " + host + ": " + why + "; check the name and DNS",
                        e);
            } catch (TimeoutException e) {
                lookup.cancel(true);
                throw new RegistryException(
                        RegistryException.Code.TIMEOUT,
                        host,
                        "can't find " + host + ": name resolution took more than " + limit.toSeconds() + " s",
                        e);
            }
        };
    }
}
