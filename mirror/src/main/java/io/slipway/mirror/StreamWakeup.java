package io.slipway.mirror;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;

/// Wakes the HTTP/2 streams of one connection that were not told that they may write again. Event loop only.
///
/// Seen with Netty 4.2.9 and Vert.x 5.0.7 over TLS. When a connection may be written to again, Netty's flow
/// controller notes that for the connection and then tells its streams, one after the other. Vert.x writes what a
/// stream has queued as soon as the stream is told. Such a write can fill the channel while the walk goes on, and
/// the streams behind it stay marked as not writable. Without TLS the channel says at once that it is full, and the
/// flow controller notes that. With TLS the channel says so in a later task, and by then the bytes have often gone
/// out: the flow controller compares "writable" with what it noted, finds nothing new and tells nobody. A client with
/// large windows sends no window update that would make it look again; all of these streams stand still for ever.
///
/// But each time a channel has been full, an event says later that it is not full any more. On that event this handler
/// makes the flow controller look at every stream again. It can go with a Vert.x that no longer writes from within that
/// walk (eclipse-vertx/vert.x pull request 6359).
final class StreamWakeup extends ChannelInboundHandlerAdapter {

    private static final String NAME = "stream-wakeup";

    private final Http2RemoteFlowController flow;

    private StreamWakeup(Http2RemoteFlowController flow) {
        this.flow = flow;
    }

    /// For a connection that has just been made; does nothing where that is not HTTP/2.
    static void watch(HttpConnection connection) {
        ChannelHandlerContext http = ((HttpServerConnection) connection).channelHandlerContext();
        if (http.handler() instanceof Http2ConnectionHandler http2) {
            // Behind the HTTP/2 handler, which acts on the same event first.
            http.pipeline()
                    .addAfter(
                            http.name(), NAME, new StreamWakeup(http2.encoder().flowController()));
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Http2Exception {
        if (context.channel().isWritable()) {
            // No window changes by this, but it compares every stream with what that stream was told last.
            flow.initialWindowSize(flow.initialWindowSize());
        }
        context.fireChannelWritabilityChanged();
    }
}
