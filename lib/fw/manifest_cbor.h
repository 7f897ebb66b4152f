/* lib/fw/manifest_cbor.h - the CBOR form of a manifest and its JSON form, one for the other.
 *
 * Both forms have the same members. CBOR names them by number, writes dates as seconds since 1970,
 * versions as arrays, digests and UUIDs as octets, and is deterministic (RFC 8949 4.2.1). One
 * reader of members, manifest_parse(), so serves both. */
#pragma once

#include "base/fwerr.h"
#include "codec/jsn.h"

/* The JSON form of a CBOR payload. A value of another kind than the member wants becomes null, and
 * a value without JSON form the empty text: manifest_parse() refuses either. Members that nobody
 * here knows are left out.
 * FWE_OK: *ret is owned by the caller. FWE_MANIFEST_CBOR_INVALID: not well-formed, no map, a
 * repeated key, beyond the limits. FWE_MANIFEST_CBOR_NOT_DETERMINISTIC. FWE_INTERNAL. */
MUST_USE enum fw_error manifest_from_cbor(struct span payload, struct jsn **ret);

/* Appends the CBOR form of a manifest that manifest_parse() has taken. -EDOM: the member
 * *ret_member (static text or borrowed from `root`) has no CBOR form: an unknown member or digest,
 * fractions of a second. -ENOMEM. */
MUST_USE int manifest_to_cbor(const struct jsn *root, struct buf *out, const char **ret_member);
