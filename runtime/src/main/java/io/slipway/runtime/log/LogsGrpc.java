package io.slipway.runtime.log;

import com.google.protobuf.ByteString;
import io.slipway.api.slipway.v1.LogsGrpcService;
import io.slipway.api.slipway.v1.ReadLogRequest;
import io.slipway.api.slipway.v1.ReadLogResponse;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;
import java.io.IOException;

/// The Logs service of `slipway.v1`.
public final class LogsGrpc {
    private final Logs logs;

    /// Serves `logs`.
    public LogsGrpc(Logs logs) {
        this.logs = logs;
    }

    /// Binds its method.
    public void bind(GrpcServices services) {
        services.serverStream(LogsGrpcService.Read, this::read);
    }

    private void read(Call call, ReadLogRequest request, Out<ReadLogResponse> out)
            throws IOException, InterruptedException {
        // an unsigned number of lines beyond what an int holds is everything there is
        int tail = request.getTail() < 0 ? 0 : request.getTail();
        logs.read(
                call.namespace(),
                request.getContainerId(),
                tail,
                request.getFollow(),
                data -> out.write(ReadLogResponse.newBuilder()
                        .setData(ByteString.copyFrom(data))
                        .build()));
    }
}
