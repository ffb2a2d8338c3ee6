package io.slipway.runtime.ttrpc;

import io.slipway.cas.ApiException;

/// gRPC's status numbers, which ttrpc shares, against the codes of the daemon's API.
final class StatusCodes {
    private StatusCodes() {}

    static int number(ApiException.Code code) {
        return switch (code) {
            case CANCELLED -> 1;
            case UNKNOWN -> 2;
            case INVALID_ARGUMENT -> 3;
            case DEADLINE_EXCEEDED -> 4;
            case NOT_FOUND -> 5;
            case ALREADY_EXISTS -> 6;
            case PERMISSION_DENIED -> 7;
            case RESOURCE_EXHAUSTED -> 8;
            case FAILED_PRECONDITION -> 9;
            case ABORTED -> 10;
            case OUT_OF_RANGE -> 11;
            case UNIMPLEMENTED -> 12;
            case INTERNAL -> 13;
            case UNAVAILABLE -> 14;
            case DATA_LOSS -> 15;
            case UNAUTHENTICATED -> 16;
        };
    }

    /// The code behind `number`; a number nobody defined is UNKNOWN.
    static ApiException.Code code(int number) {
        return switch (number) {
            case 1 -> ApiException.Code.CANCELLED;
            case 3 -> ApiException.Code.INVALID_ARGUMENT;
            case 4 -> ApiException.Code.DEADLINE_EXCEEDED;
            case 5 -> ApiException.Code.NOT_FOUND;
            case 6 -> ApiException.Code.ALREADY_EXISTS;
            case 7 -> ApiException.Code.PERMISSION_DENIED;
            case 8 -> ApiException.Code.RESOURCE_EXHAUSTED;
            case 9 -> ApiException.Code.FAILED_PRECONDITION;
            case 10 -> ApiException.Code.ABORTED;
            case 11 -> ApiException.Code.OUT_OF_RANGE;
            case 12 -> ApiException.Code.UNIMPLEMENTED;
            case 13 -> ApiException.Code.INTERNAL;
            case 14 -> ApiException.Code.UNAVAILABLE;
            case 15 -> ApiException.Code.DATA_LOSS;
            case 16 -> ApiException.Code.UNAUTHENTICATED;
            default -> ApiException.Code.UNKNOWN;
        };
    }
}
