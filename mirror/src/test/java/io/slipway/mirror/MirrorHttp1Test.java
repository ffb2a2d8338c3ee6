package io.slipway.mirror;

import io.vertx.core.http.HttpVersion;

class MirrorHttp1Test extends MirrorContract {

    @Override
    HttpVersion protocol() {
        return HttpVersion.HTTP_1_1;
    }
}
