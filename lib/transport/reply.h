/* lib/transport/reply.h - the application's answer as a message. */
#pragma once

#include "transport/message.h"

/* MC_EMPTY: say nothing. */
enum message_code reply_code(enum verdict v);
/* Puts the application's body into `reply`, whose code is set: the whole, or the block that the
 * request `m` asks for. Only a GET can be asked again for further blocks: its answer is made anew
 * for each, and the ETag, kept in `etag`, tells the client if it has changed. A client that shows
 * this tag in a request gets 2.03 instead (RFC 7252 5.10.6). */
void reply_set_body(struct message *reply, const struct message *m, const struct answer *answer,
		    uint8_t etag[4]);
/* Tells one representation from another. */
uint64_t reply_digest(const struct answer *answer);
