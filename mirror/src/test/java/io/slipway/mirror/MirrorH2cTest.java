package io.slipway.mirror;

import io.vertx.core.http.HttpVersion;

class MirrorH2cTest extends MirrorContract {

    @Override
    HttpVersion protocol() {
        return HttpVersion.HTTP_2;
    }
}
