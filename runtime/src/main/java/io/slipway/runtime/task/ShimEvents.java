package io.slipway.runtime.task;

import com.google.protobuf.Empty;
import io.slipway.api.events.TaskExit;
import io.slipway.api.services.events.ttrpc.v1.ForwardRequest;
import io.slipway.api.types.Envelope;
import io.slipway.cas.grpc.Anys;
import io.slipway.runtime.EventExchange;
import io.slipway.runtime.ttrpc.TtrpcService;

/// Takes the events that shims forward over ttrpc and republishes them unchanged, each exit once.
final class ShimEvents {
    private static final String EXIT_TOPIC = "/tasks/exit";

    private final EventExchange exchange;
    private final ExitLedger ledger;
    private final Tasks tasks;

    ShimEvents(EventExchange exchange, ExitLedger ledger, Tasks tasks) {
        this.exchange = exchange;
        this.ledger = ledger;
        this.tasks = tasks;
    }

    TtrpcService service() {
        return TtrpcService.named("containerd.services.events.ttrpc.v1.Events")
                .method("Forward", ForwardRequest.parser(), (_, request) -> {
                    forward(request.getEnvelope());
                    return Empty.getDefaultInstance();
                })
                .build();
    }

    private void forward(Envelope envelope) {
        if (envelope.getTopic().equals(EXIT_TOPIC) && Anys.is(envelope.getEvent(), TaskExit.getDefaultInstance())) {
            TaskExit exit = Anys.unpack(envelope.getEvent(), TaskExit.parser());
            TaskKey task = new TaskKey(envelope.getNamespace(), exit.getContainerId());
            if (!ledger.firstReport(task, exit.getId(), exit.getPid(), tasks.mayExist(task))) {
                return;
            }
        }
        exchange.forward(envelope);
    }
}
