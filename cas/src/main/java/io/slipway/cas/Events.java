package io.slipway.cas;

import com.google.protobuf.Message;

/// Port: where events go. Must not block and must not throw; called after the change they tell of is durable.
@FunctionalInterface
public interface Events {

    /// @param topic such as `/images/create`
    void publish(String namespace, String topic, Message event);
}
