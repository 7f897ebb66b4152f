/* lib/dtls/record.h - what can be read of a DTLS record without its key (RFC 6347 4.1, 4.2.2);
 * internal to lib/dtls. */
#pragma once

#include "base/span.h"

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_HANDSHAKE = 22,
};

#define RECORD_HEADER      ((size_t)13)
#define RECORD_MESSAGE_MAX ((size_t)8192) /* octets of a handshake message */

/* Cuts the first record off *rest; one that is longer than what is there ends with it. Empty, and
 * *rest emptied, when there is no header. */
struct span record_cut(struct span *rest);
/* Is it of a later epoch than 0? */
bool record_is_encrypted(struct span record);
/* Type of a plain record; -1 for an encrypted one. */
int record_plain_type(struct span record);
/* Do all handshake messages in a plain record claim lengths up to RECORD_MESSAGE_MAX? */
bool record_is_modest(struct span record);
/* Number and fragment offset of the first message in a plain handshake record, in the order in
 * which a flight has them. False: it has none. */
MUST_USE bool record_message(struct span record, uint64_t *ret);
