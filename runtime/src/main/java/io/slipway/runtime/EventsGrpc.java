package io.slipway.runtime;

import com.google.protobuf.Empty;
import io.slipway.api.services.events.v1.EventsGrpcService;
import io.slipway.api.services.events.v1.ForwardRequest;
import io.slipway.api.services.events.v1.PublishRequest;
import io.slipway.api.services.events.v1.SubscribeRequest;
import io.slipway.api.types.Envelope;
import io.slipway.cas.ApiException;
import io.slipway.cas.grpc.Call;
import io.slipway.cas.grpc.GrpcServices;
import io.slipway.cas.grpc.Out;

/// The Events service of containerd's API. Publish needs a namespace; Forward carries its own; Subscribe is over
/// all.
final class EventsGrpc {
    private final EventExchange exchange;

    EventsGrpc(EventExchange exchange) {
        this.exchange = exchange;
    }

    void bind(GrpcServices services) {
        services.unary(EventsGrpcService.Publish, this::publish);
        services.unary(EventsGrpcService.Forward, this::forward);
        services.serverStream(EventsGrpcService.Subscribe, this::subscribe);
    }

    private Empty publish(Call call, PublishRequest request) {
        if (!request.hasEvent()) { // a missing event crashes containerd 1.6
            throw ApiException.invalid("event must be set");
        }
        exchange.publish(call.namespace(), request.getTopic(), request.getEvent());
        return Empty.getDefaultInstance();
    }

    private Empty forward(Call call, ForwardRequest request) {
        exchange.forward(request.getEnvelope());
        return Empty.getDefaultInstance();
    }

    private void subscribe(Call call, SubscribeRequest request, Out<Envelope> out) throws InterruptedException {
        try (EventSubscription subscription = exchange.subscribe(request.getFiltersList())) {
            while (true) {
                out.write(subscription.take());
            }
        }
    }
}
