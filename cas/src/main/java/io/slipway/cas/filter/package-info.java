/// containerd's filter language (`name==a,labels."x.y"~=b`), over anything that can name its fields.
@NullMarked
package io.slipway.cas.filter;

import org.jspecify.annotations.NullMarked;
