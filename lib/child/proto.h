/* lib/child/proto.h - what ocf-fwupd and its helpers say to each other.
 *
 * A connection is an AF_UNIX SEQPACKET socket; a message is one packet of the exact size of its
 * type, in host order, since both ends are built together. Nobody trusts the other end: sizes,
 * enumerations, texts (printable ASCII) and the presence of a descriptor are checked by
 * proto_recv(). */
#pragma once

#include "base/fwerr.h"

#define PROTO_FD         3              /* a helper finds its connection here */
#define PROTO_URL        ((size_t)2049) /* room for a text, with its NUL */
#define PROTO_LABEL      ((size_t)65)
#define PROTO_VERSION    ((size_t)33) /* 4294967295 three times, dots, NUL */
#define PROTO_NAME       ((size_t)129)
#define PROTO_TEXT       ((size_t)128)
#define PROTO_ETAG       ((size_t)129)
#define PROTO_INTERFACE  ((size_t)16) /* IFNAMSIZ */
#define PROTO_ADDRESSES  ((size_t)256)
#define PROTO_IMAGES     ((size_t)32)
#define PROTO_DIGESTS    ((size_t)3)
#define PROTO_DIGEST_MAX ((size_t)64)
#define PROTO_IKM        ((size_t)32)
#define PROTO_PROBLEMS   ((size_t)12)
#define PROTO_SIZE_ANY   UINT64_MAX /* the manifest does not tell the size */

enum proto_type {
	PROTO_FETCH = 1, /* to ocf-fw-fetch, with a pipe for the body */
	PROTO_FETCHED,   /* the answer: always one, the last message */
	PROTO_SLOTS,     /* to ocf-fw-write: which versions are there? */
	PROTO_SLOTS_ARE, /* the answer */
	PROTO_BEGIN,     /* invalidates the inactive slot; answer PROTO_DONE */
	PROTO_IMAGE,     /* with a pipe that gives one image; PROTO_WRITTEN ..., PROTO_DONE */
	PROTO_WRITTEN,   /* progress; before any answer: a program runs, this is a sign of life */
	PROTO_COMMIT,    /* makes the slot the current one; PROTO_DONE */
	PROTO_DONE,
	PROTO_KEPT, /* of an IMAGE with resume, before its pipe is read: so many octets are there */
	PROTO_RANGES,  /* to ocf-fw-fetch, with a file: the next FETCH is of these ranges only;
			  from ocf-fw-write: what the pipe of an IMAGE with `reuse` is to give */
	PROTO_CHUNKS,  /* to ocf-fw-write after BEGIN, with a pipe that gives the index of all
			  images; PROTO_WRITTEN ..., PROTO_DONE with the octets that are missing */
	PROTO_STARTED, /* of an image's FETCH, before the first octet goes into the pipe */
	PROTO_CONFIRM, /* the version in that slot is good; PROTO_DONE */
	PROTO_REJECT,  /* it never starts again, the other one does; PROTO_DONE */
	PROTO_PROBE,   /* could these images be installed? Nothing is changed; PROTO_PROBED */
	PROTO_PROBED,
	PROTO_VERIFY, /* as IMAGE, with a file, but nothing is written; PROTO_DONE */
	PROTO_HEALTH, /* to ocf-fw-health: is the machine well? PROTO_DONE */
};

enum proto_kind { PROTO_MANIFEST, PROTO_IMAGE_BODY };

/* Which addresses may be connected to; each includes those before it. */
enum proto_reach { PROTO_PUBLIC, PROTO_PRIVATE, PROTO_LOOPBACK };

struct proto_fetch {
	uint32_t kind;                   /* enum proto_kind: which types are accepted */
	uint32_t reach;                  /* enum proto_reach */
	uint32_t same_host;              /* 1: a redirect may not leave the host */
	uint32_t connect_ms;             /* resolving and connecting, all addresses */
	uint32_t answer_ms;              /* that, and the head of a reply; 0: no bound */
	uint32_t total_ms;               /* 0: no bound */
	uint32_t slow_s;                 /* seconds below 1 KiB/s that are too many; 0: no bound */
	uint64_t limit;                  /* octets of body, those before the offset included */
	uint64_t offset;                 /* of the first octet that is wanted */
	uint64_t rate;                   /* octets a second at most; 0: no bound */
	char etag[PROTO_ETAG];           /* what an earlier answer gave; empty: none */
	char interface[PROTO_INTERFACE]; /* the only one to be used; empty: any */
	char addresses[PROTO_ADDRESSES]; /* of the URL's host, with commas; empty: resolve it */
	char servers[PROTO_ADDRESSES];   /* by these name servers; empty: by those of the host */
	char url[PROTO_URL];
};

/* The file holds so many of struct proto_range, ascending, none of them empty or overlapping; the
 * body is their octets, one behind the other. */
struct proto_ranges {
	uint32_t n;
};

struct proto_range {
	uint64_t offset, length;
};

struct proto_started {
	uint32_t private_peer; /* as in the answer */
	uint64_t size;         /* of the whole body, or PROTO_SIZE_ANY */
	char etag[PROTO_ETAG];
	char url[PROTO_URL];
};

struct proto_fetched {
	uint32_t error;        /* enum fw_error */
	uint32_t status;       /* of HTTP, or of CoAP as 404 for 4.04; 0: none */
	uint32_t private_peer; /* 1: the body came from a private address */
	uint32_t ranged;       /* 0 although offset or ranges were asked for, without an error:
				  not to be had from this server, or of another body than `etag`,
				  perhaps since the first ranges: ask for the whole, and use
				  nothing of what was passed on */
	uint64_t octets;       /* passed on by this answer */
	char etag[PROTO_ETAG]; /* opaque, names this very body; empty: nothing does */
	char url[PROTO_URL];   /* the last one, after redirects */
	char text[PROTO_TEXT]; /* for people */
};

/* What is known of the version that runs. */
enum proto_standing { PROTO_UNKNOWN, PROTO_CONFIRMED, PROTO_UNCONFIRMED };

struct proto_slots_are {
	uint32_t error;
	uint32_t standing;           /* enum proto_standing */
	uint32_t left;               /* attempts of the one that is not confirmed */
	uint32_t immediate;          /* 1: a commit makes a version run */
	char running[PROTO_VERSION]; /* empty: unknown */
	char pending[PROTO_VERSION]; /* waits for the next boot; empty: none */
	char slot[PROTO_LABEL];      /* the running one */
	char primary[PROTO_LABEL];   /* the one that starts next; empty: unknown */
	char boot[PROTO_LABEL];      /* which boot this is; empty: unknown */
	char failed[PROTO_VERSION];  /* was started as often as it might be, and never confirmed */
};

struct proto_commit {
	uint32_t attempts; /* to be confirmed within; 0: good at once */
};

struct proto_slot {
	char slot[PROTO_LABEL];
};

struct proto_digests { /* as struct digests of crypto/hash.h */
	uint32_t algs;
	uint8_t b[PROTO_DIGESTS][PROTO_DIGEST_MAX];
};

struct proto_begin {
	char model[PROTO_NAME];
	char version[PROTO_VERSION];
	uint32_t images;
	uint32_t keep;                 /* 1: leave what an unfinished installation wrote, if it
					  did; the answer's octets tell how many are there */
	uint64_t size;                 /* of all images, or PROTO_SIZE_ANY */
	struct proto_digests digests;  /* over all images, one behind the other */
	char transaction[PROTO_LABEL]; /* the caller's name for it, for hooks; may be empty */
};

struct proto_image {
	char component[PROTO_LABEL];
	uint64_t size; /* or PROTO_SIZE_ANY */
	struct proto_digests digests;
	uint32_t resume;    /* 1: go on behind what BEGIN has kept of it; PROTO_KEPT says where, in
			       octets of what the pipe is to give */
	uint32_t reuse;     /* 1: after CHUNKS: answered by RANGES before the pipe is read */
	uint32_t is_sealed; /* 1: the pipe gives RFC 8188 records, with ... */
	uint8_t ikm[PROTO_IKM];      /* ... this input keying material, ... */
	uint64_t sealed_size;        /* ... so many octets, */
	struct proto_digests sealed; /* and these digests over them */
};

struct proto_probe {
	uint64_t size; /* of all images, or PROTO_SIZE_ANY */
	uint32_t n;    /* 0: only what any installation needs */
	struct {
		char component[PROTO_LABEL];
		uint64_t size; /* or PROTO_SIZE_ANY */
	} images[PROTO_IMAGES];
};

/* What is missing, by a name that a program may look at:
 *
 *   component-unknown  image-too-large  no-space      what was asked for does not fit
 *   device-missing     device-in-use    not-writable  the slot cannot be written
 *   running-unknown    not-confirmed    boot-loader   the next slot cannot be chosen
 *   program-missing    program-unsafe   handler       a hook, tool or handler will not run */
struct proto_probed {
	uint64_t room; /* octets that an installation may have; PROTO_SIZE_ANY: not known */
	uint32_t n;
	struct {
		char name[PROTO_LABEL];
		char text[PROTO_TEXT]; /* for people */
	} problems[PROTO_PROBLEMS];
};

struct proto_chunks {
	uint64_t size;                /* of the index */
	uint32_t octets;              /* of a chunk */
	uint32_t n;                   /* of images, in list order */
	struct proto_digests digests; /* of the index */
	struct {
		char component[PROTO_LABEL];
		uint64_t size;
	} images[PROTO_IMAGES];
};

struct proto_written { /* and kept */
	uint64_t octets;
};

struct proto_done {
	uint32_t error;
	uint64_t octets;
	char text[PROTO_TEXT];
};

struct proto_msg {
	uint32_t type;
	union {
		struct proto_fetch fetch;
		struct proto_started started;
		struct proto_fetched fetched;
		struct proto_slots_are slots_are;
		struct proto_begin begin;
		struct proto_image image;
		struct proto_written written, kept;
		struct proto_commit commit;
		struct proto_slot slot; /* CONFIRM, REJECT */
		struct proto_done done;
		struct proto_ranges ranges;
		struct proto_chunks chunks;
		struct proto_probe probe;
		struct proto_probed probed;
	};
};

/* The message, with descriptor `pass` (borrowed; -1: none). -EPIPE: the other end is gone. */
MUST_USE int proto_send(int fd, const struct proto_msg *m, int pass);
/* 1: a sound message, *ret_fd its descriptor (owned by the caller) or -1; 0: end of connection;
 * -EAGAIN (without `wait`), -EBADMSG (not one of ours), or what recvmsg gave. */
MUST_USE int proto_recv(int fd, struct proto_msg *ret, int *ret_fd, bool wait);
/* Copies text into `room` octets, cut, with '?' for what is not printable ASCII. */
void proto_text(char *ret, size_t room, const char *text);
/* Whether `len` octets at `m` are a message, with or without a descriptor. */
MUST_USE bool proto_is_sound(const struct proto_msg *m, size_t len, bool has_fd);
