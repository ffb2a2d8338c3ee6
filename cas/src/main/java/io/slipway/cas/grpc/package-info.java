/// How every module serves gRPC.
///
/// A handler is plain blocking code on a virtual thread of its own: it reads the request, does its work, returns the
/// answer or throws. [GrpcServices] binds handlers to the methods of a server, [Call] carries what travelled beside the
/// message (namespace, lease), [In] and [Out] are the two sides of a stream, and an
/// [io.slipway.cas.ApiException] becomes the gRPC status of the same name. A client that goes away interrupts the
/// handler's thread.
@NullMarked
package io.slipway.cas.grpc;

import org.jspecify.annotations.NullMarked;
