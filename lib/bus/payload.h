/* lib/bus/payload.h - a{sv} as a CBOR map and back; for lib/bus only.
 *
 *	CBOR                    D-Bus           D-Bus -> CBOR also
 *	integer                 x, or t         y n q i u
 *	float                   d               -
 *	boolean                 b               -
 *	text                    s               o g
 *	byte string             ay              -
 *	array                   av              a of anything, (...)
 *	map with text keys      a{sv}           a{s*}; v stands for what is in it
 *
 * What the other side cannot say is an error: null, NaN and infinity, text with NUL, integers below
 * -2^63, file descriptors, keys that are no text, a key twice. */
#pragma once

#include "base/buf.h"

#define PAYLOAD_MAX       ((size_t)16 * 1024) /* octets of CBOR */
#define PAYLOAD_DEPTH_MAX 8u                  /* of maps and arrays */
#define PAYLOAD_ITEMS_MAX ((size_t)2048)
#define PAYLOAD_TEXT_MAX  ((size_t)8192) /* octets of one text or byte string */
#define PAYLOAD_KEYS_MAX  ((size_t)64)   /* of one map */

struct sd_bus_message;

/* Appends the CBOR map as a{sv}. -EBADMSG: not such a map, or beyond a limit; the message is then
 * of no more use. -ENOMEM. */
MUST_USE int payload_append(struct sd_bus_message *m, struct span cbor);
/* Reads a{sv} and appends it to `out`. -EBADMSG as above; -ENOMEM: `out` is full, or no memory. */
MUST_USE int payload_read(struct sd_bus_message *m, struct buf *out);
