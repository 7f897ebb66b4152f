/* lib/transport/observe.h - who wants to hear of changes (RFC 7641), and what each was told last.
 *
 * A registration is its request, kept as it came: a notification is the answer to it made anew, so
 * format, interface, block size and, above all, access are those of the moment. */
#pragma once

#include "transport/confirm.h"
#include "transport/message.h"
#include "transport/remote.h"

#define OBSERVERS_MAX          ((size_t)256)
#define OBSERVERS_PER_PEER_MAX ((size_t)32)
#define OBSERVE_REQUEST_MAX    ((size_t)256) /* octets; a longer request is answered once */
/* A peer that was not heard of for so long is notified even if nothing changes (RFC 7641 4.5). */
#define OBSERVE_CONFIRM_US (UINT64_C(24) * 3600 * USEC_PER_SEC)

struct observer {
	struct observer *next;
	struct remote from;
	uint64_t digest;        /* of what it was told last */
	bool touched;           /* what it observes may have changed */
	uint8_t ending;         /* code of its last notification; 0: not its last */
	struct confirm confirm; /* one notification under way at most */
	uint64_t heard_us;      /* of the peer, about this */
	size_t len;
	uint8_t datagram[OBSERVE_REQUEST_MAX];
	uint8_t token[MESSAGE_TOKEN_MAX];
	size_t token_len;
};

struct observers {
	struct observer *first;
	size_t n;
	uint32_t sequence;
};

/* NULL: too many, too long, or no memory. */
struct observer *observers_add(struct observers *os, const struct remote *from,
			       const struct message *m, struct span datagram, uint64_t now_us);
void observers_drop(struct observers *os, struct observer *o);
/* All of one session. */
void observers_forget(struct observers *os, uint64_t session);
void observers_done(struct observers *os);

struct observer *observers_find(const struct observers *os, const struct remote *from,
				const struct message *m); /* by token; NULL: none */
struct observer *observers_find_sent(const struct observers *os, const struct remote *from,
				     uint16_t id); /* by the notification under way; NULL: none */

/* Anything may have changed. */
void observers_touch(struct observers *os);
/* Each is to hear `code` and nothing after it. */
void observers_end(struct observers *os, uint8_t code);
/* The next one for whom there is something to do; NULL: none. */
struct observer *observers_due(const struct observers *os, uint64_t now_us);
uint64_t observers_deadline(const struct observers *os); /* 0: at once; NEVER_US: none */
/* The value of the next Observe option: 24 bits that rise (RFC 7641 4.4). */
uint32_t observers_sequence(struct observers *os);
