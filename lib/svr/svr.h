/* lib/svr/svr.h - the device side of OCF security as a pure function.
 *
 * svr_handle() and svr_event() never change the device they are given. They answer with a
 * verdict, a staged copy and what has to follow, and the daemon does, in this order:
 *	1. if `store` is set, store the record that svr_record_write() gives for `staged`; if that
 *	   fails, drop `staged` and answer 5.00;
 *	2. make `staged` the device (one pointer);
 *	3. send the answer;
 *	4. perform the effects, lowest bit first.
 * No I/O, clock or randomness in here: they come in by struct svr_env.
 *
 * The device has one record, replaced as a whole, so loss of power leaves the old state or the new
 * one. Before RFPRO, and from the moment a RESET is accepted, the record is empty: that is what
 * makes a device unowned at start-up, and takes the old keys off the disk before the 2.04. */
#pragma once

#include "base/secret.h"
#include "svr/req.h"

struct ncr;
struct ncrs;
struct device; /* opaque: all state of one device, svr/device.h inside lib/svr */

/* Onboarding state, pstat.dos.s. */
enum dos { DOS_RESET, DOS_RFOTM, DOS_RFPRO, DOS_RFNOP, DOS_SRESET };

/* Owner transfer methods, doxm.oxmsel. */
enum oxm {
	OXM_JUST_WORKS = 0,
	OXM_RANDOM_PIN = 1,
	OXM_MFG_CERT = 2,
	OXM_NONE = 4,
	OXM_VENDOR = 0xFF00, /* and up: vendors' own, CR 2640 */
	OXM_FIXED_PIN = 0xFF00,
};
/* "random-pin"; "" for OXM_NONE. */
const char *oxm_name(enum oxm oxm);
MUST_USE bool oxm_parse(struct span name, enum oxm *ret);

#define SVR_PIN_LEN  8  /* digits of a random PIN */
#define SVR_PIN_MAX  32 /* characters of a fixed one */
#define SVR_OXMS_MAX 8
#define SVR_TEXT_MAX 64

/* A credential of the factory: shown in cred, never in the record, as it was after each RESET. */
struct svr_factory {
	uint32_t credid;
	bool trustca;        /* oic.sec.cred.mfgtrustca; else mfgcert: the device's own chain */
	bool any;            /* subjectuuid "*" */
	struct uuid subject; /* unless any */
	struct span pem;
};

/* What the daemon's configuration says of the device. Borrowed by the device for life; the daemon
 * may change firmware_version and window_closed at any time. */
struct device_info {
	char name[SVR_TEXT_MAX], manufacturer[SVR_TEXT_MAX], model[SVR_TEXT_MAX];
	char device_type[SVR_TEXT_MAX];      /* "oic.d.gateway"; empty: none */
	char firmware_version[SVR_TEXT_MAX]; /* /oic/p mnfv; empty: unknown */
	struct uuid piid, pi;                /* permanent, platform */
	enum oxm oxms[SVR_OXMS_MAX];         /* usable transfer methods, in order of preference */
	size_t n_oxms;
	char fixed_pin[SVR_PIN_MAX + 1]; /* OXM_FIXED_PIN */
	/* No owner is taken now: an unowned device is silent to a multicast doxm, takes no oxmsel
	 * and no ClientHello. A transfer under way goes on. See EV_WINDOW_CLOSED. */
	bool window_closed;
	const struct svr_factory *factory; /* borrowed for life */
	size_t n_factory;
};

/* Wall clock. Not trusted: `us` is a lower bound of it, so what ended before is over, and whether
 * something has begun cannot be said. */
struct svr_wall {
	uint64_t us; /* since 1970 UTC */
	bool trusted;
};

/* What a certificate says of its holder; nothing of it is judged. */
#define SVR_ROLE_TEXT_MAX 64 /* octets of a role or authority */
struct svr_leaf {
	bool has_uuid;
	struct uuid uuid;
	uint8_t key[64]; /* public key: a P-256 point */
	bool is_own;     /* the key is the one of the device's requests */
	bool has_role;   /* the first one, if there are more */
	char role[SVR_ROLE_TEXT_MAX + 1], authority[SVR_ROLE_TEXT_MAX + 1];
	uint64_t from_us, until_us; /* when all its certificates are valid, both included */
};

/* Certificates, as crypto/x509 knows them. Each gives 0, -EBADMSG (the peer's fault, *ret_why says
 * what), or another -errno (ours). PEM is leaf first. */
struct svr_certs {
	int (*key_new)(void *ctx, struct secret *ret);
	/* A request for `subject`, in PEM. */
	int (*csr)(void *ctx, const struct secret *key, const struct uuid *subject,
		   struct buf *ret_pem);
	int (*leaf)(void *ctx, struct span pem, const struct secret *key, struct svr_leaf *ret,
		    const char **ret_why);
	/* Is it one CA certificate that can be a trust anchor? */
	int (*anchor)(void *ctx, struct span pem, const char **ret_why);
	/* Is it a role certificate that the anchors of `dev` vouch for now, and not revoked? */
	int (*role)(void *ctx, const struct device *dev, const struct svr_wall *wall,
		    struct span pem, const char **ret_why);
	/* Is it a CRL by an anchor of `dev`, and when was it made? */
	int (*crl)(void *ctx, const struct device *dev, const struct svr_wall *wall,
		   struct span der, uint64_t *ret_made_us, const char **ret_why);
};

struct svr_env {
	uint64_t now_us; /* CLOCK_MONOTONIC */
	struct svr_wall wall;
	/* What the clock shows, right or wrong, since 1970: to note when something happened and to
	 * do something later, never to decide about rights. */
	uint64_t clock_us;
	const struct svr_certs *certs;
	void (*random)(void *ctx, void *ret, size_t len); /* cannot fail */
	/* CR 2868: the owner credential of this session: first 16 octets of
	 * P_SHA256(key_block, label || obt || device). -EINVAL: no such session. */
	int (*owner_key)(void *ctx, uint64_t session, const char *label, const struct uuid *obt,
			 const struct uuid *device, uint8_t ret[16]);
	void *ctx;
	const struct ncrs *ncrs; /* resources of other programs; NULL: none */
};

/* Effects, performed in this order. */
enum svr_fx {
	FX_SIGNAL = 1u << 0,       /* state, owner or identity changed: tell the bus */
	FX_PIN_SHOW = 1u << 1,     /* a new PIN is to be displayed (device_pin()) */
	FX_PIN_HIDE = 1u << 2,     /* the displayed PIN is void */
	FX_RESET_WAIT = 1u << 3,   /* send EV_RESET_DUE after SVR_RESET_WAIT_US, if still pending */
	FX_CLOSE_OTHERS = 1u << 4, /* close handshakes and sessions other than the DOC */
	FX_CLOSE_ALL = 1u << 5,    /* close all secured sessions, drop their keys */
	FX_REKEY = 1u << 6,        /* identity or keys changed: refresh what handshakes offer */
	FX_END_OBSERVERS = 1u << 7, /* tell all observers 5.03, their last notification */
	FX_SOFTWARE = 1u << 8,      /* look at device_software_job() and its deadline */
};
#define SVR_RESET_WAIT_US UINT64_C(300000)

/* ---- auditable events: OCF Security 13.22 ---- */

enum svr_audit {
	AUDIT_NONE,
	AUDIT_ACCESS_DENIED,
	AUDIT_TRANSFER_BEGUN,
	AUDIT_OWNED,
	AUDIT_STATE_CHANGED,
	AUDIT_RESET,
	AUDIT_RECORD_DAMAGED,
	AUDIT_HANDSHAKE_FAILED,
	AUDIT_SVR_CHANGED,
	AUDIT_BAD_MESSAGE,
	AUDIT_COUNT,
};
/* Bits of categoryfilter. */
enum audit_category {
	AUDIT_CATEGORY_ACCESS = 0x01,
	AUDIT_CATEGORY_ONBOARDING = 0x02,
	AUDIT_CATEGORY_DEVICE = 0x04,
	AUDIT_CATEGORY_AUTHENTICATION = 0x08,
	AUDIT_CATEGORY_SVR = 0x10,
	AUDIT_CATEGORY_COMMUNICATION = 0x40,
};
struct svr_audit_kind {
	const char *id; /* "AC-1" */
	enum audit_category category;
	unsigned priority; /* 0 critical, 1 error, 2 warning, 3 info, 4 debug */
	const char *message;
};
const struct svr_audit_kind *svr_audit_kind(enum svr_audit event); /* not AUDIT_NONE */

#define AUDIT_AUX_MAX  ((size_t)8)   /* texts of one event */
#define AUDIT_TEXT_MAX ((size_t)128) /* octets of one; more are cut off */
/* The roles that the requester has, with commas between, for an event; "" for none. Printable
 * ASCII, since the bus takes no half of a character. */
void svr_audit_roles(const struct device *dev, const struct req *req, const struct svr_wall *wall,
		     char ret[AUDIT_TEXT_MAX + 1]);
/* Puts an event into /oic/sec/ael, if its filters let it pass; in place, since nothing of it is
 * stored. `aux` says more about it; what is not printable ASCII becomes '?'. */
void device_audit(struct device *dev, enum svr_audit event, const struct span *aux, size_t n,
		  uint64_t clock_us);

struct svr_out {
	enum verdict verdict;
	struct buf *body;      /* in: where to write the answer's body; CBOR */
	struct device *staged; /* owned by the caller; NULL: nothing changes */
	bool store;            /* the record is to be stored before the commit */
	bool observable;       /* a GET whose answer may be observed */
	uint32_t format;       /* content format of the body; 0: CBOR, as the request wants it */
	/* Granted to a resource of another program, which is to be asked (V_LATER) or, when the
	 * request is asked again (ASKED_READY), has the last word. */
	const struct ncr *ncr;
	unsigned effects;     /* enum svr_fx */
	enum svr_audit audit; /* has happened, unless the store fails */
	const char *why;      /* static text for the log line of a refusal, or NULL */
};

/* One request, unicast or multicast, secured or not. V_IGNORE: send nothing. */
void svr_handle(const struct device *dev, const struct req *req, const struct svr_env *env,
		struct svr_out *out);

enum svr_event {
	EV_DOC_OPEN, /* a handshake has finished; `session` becomes the DOC if in RFOTM */
	EV_CLOSED,   /* `session` is gone, for whatever reason; also ends a pending RESET of its */
	EV_PIN_FAILED,    /* a peer finished its part of a PIN handshake with another PIN */
	EV_CERT_FAILED,   /* a certificate check failed during a transfer */
	EV_PIN_EXPIRED,   /* the time of device_pin_deadline() has come */
	EV_WINDOW_CLOSED, /* window_closed has become true: a selected method is forgotten */
	EV_RESET,         /* the local administrator or button asks for a hard reset */
	EV_RESET_DUE,     /* a pending RESET is to happen now */
};
/* V_CHANGED (out->staged NULL: nothing to do), V_BAD_REQUEST when the event does not fit the state
 * (EV_DOC_OPEN: close that session), V_INTERNAL: out of memory. */
void svr_event(const struct device *dev, enum svr_event event, uint64_t session,
	       const struct svr_env *env, struct svr_out *out);

/* ---- software update: OCF Security 14.5 ---- */

enum swu_action { SWU_IDLE, SWU_ISAC, SWU_ISVV, SWU_UPGRADE };
/* swupdateresult */
enum swu_result {
	SWU_RESULT_IDLE,
	SWU_RESULT_SUCCESS,
	SWU_RESULT_MEMORY,
	SWU_RESULT_FLASH,
	SWU_RESULT_CONNECTION,
	SWU_RESULT_VALIDATION,
	SWU_RESULT_URL,
	SWU_RESULT_PROTOCOL,
	SWU_RESULT_UPGRADE,
};

/* What is to be done now: find out if there is newer firmware, download and verify it, install it.
 * Each `run` is begun once. */
struct svr_software_job {
	uint32_t run;
	enum swu_action action;
	const char *purl; /* ask there; "": discover. Borrowed from the device */
};
/* False: nothing. */
MUST_USE bool device_software_job(const struct device *dev, struct svr_software_job *ret);
/* When SOFTWARE_DUE is to be told, as svr_env.clock_us; NEVER_US: nothing is scheduled. */
uint64_t device_software_deadline(const struct device *dev);

enum svr_software_news {
	SOFTWARE_DUE, /* the deadline has come; no job, no run */
	/* Of a job under way. */
	SOFTWARE_AVAILABLE, /* `version`; downloading */
	SOFTWARE_VERIFYING,
	SOFTWARE_INSTALLING,
	/* Its end. */
	SOFTWARE_FOUND,   /* SWU_ISAC: `version` */
	SOFTWARE_NOTHING, /* nothing newer */
	SOFTWARE_DOWNLOADED,
	SOFTWARE_INSTALLED,
	SOFTWARE_FAILED, /* `result` says how */
};
struct svr_software {
	uint32_t run;
	enum svr_software_news news;
	enum swu_result result;
	char version[SVR_TEXT_MAX + 1]; /* empty: as before */
};
/* V_CHANGED (out->staged NULL: nothing to do, the job is not ours any more), V_INTERNAL. */
void svr_software(const struct device *dev, const struct svr_software *n, const struct svr_env *env,
		  struct svr_out *out);

/* What a ClientHello that arrives now may negotiate (server side). */
enum svr_profile {
	SVR_PROFILE_NONE,   /* drop it without a word */
	SVR_PROFILE_ANON,   /* Just Works: 0xFF00 */
	SVR_PROFILE_PIN,    /* 0xC037 with the key made from device_pin() */
	SVR_PROFILE_MFG,    /* manufacturer certificate */
	SVR_PROFILE_NORMAL, /* credentials of the device */
};
enum svr_profile svr_profile(const struct device *dev);
/* The pairwise key for a peer's identity in SVR_PROFILE_NORMAL; false: no such credential that is
 * in force. */
MUST_USE bool svr_psk(const struct device *dev, const struct uuid *peer,
		      const struct svr_wall *wall, struct secret *ret);
/* What certificate sessions in SVR_PROFILE_NORMAL are made with: of the credentials that are in
 * force, FX_REKEY says when they change otherwise than by time. Spans are borrowed from `dev`.
 * The newest identity chain and its private key (wipe it). False: none. */
MUST_USE bool svr_identity(const struct device *dev, const struct svr_wall *wall,
			   struct span *ret_pem, struct secret *ret_key);
/* The trust anchors: entry *i or the next one, whose number is then *i. *ret_subject is whom it may
 * vouch for, NULL: anybody. False: no further one. */
MUST_USE bool svr_anchor(const struct device *dev, const struct svr_wall *wall, size_t *i,
			 struct span *ret_pem, const struct uuid **ret_subject);
struct span svr_crl(const struct device *dev); /* DER; empty: none */

/* Formats of the record, both read and written. In 2 a damaged section does not take those behind
 * it along. */
#define SVR_RECORD_OLDEST 1u
#ifndef SVR_RECORD_NEWEST /* a test builds a forerunner */
#define SVR_RECORD_NEWEST 2u
#endif

/* Start-up. An empty record gives a fresh device in RFOTM, a damaged one a device in SRESET (and
 * *ret_why says what, else NULL), which keeps what could be read; nothing is to be stored. 0: *ret
 * is owned by the caller. -ENOTSUP: the record is of a newer format; -ENOMEM. */
MUST_USE int svr_start(struct device **ret, const struct device_info *info, struct span record,
		       const struct svr_env *env, const char **ret_why);
#define SVR_RECORD_MAX ((size_t)2 * 1024 * 1024) /* octets */
/* The number that a record says it has; 0: none. */
unsigned svr_record_format(struct span record);
/* Appends the record in this format; nothing for a device in RESET or RFOTM. It holds keys: `out`
 * should be `secret`. */
void svr_record_write(const struct device *dev, unsigned format, struct buf *out);

struct device *device_free(struct device *dev); /* wipes; accepts NULL, returns NULL */
DEFINE_CLEANUP(struct device *, device_free)

/* Facts for the bus, logs and the DTLS hint. */
enum dos device_dos(const struct device *dev);
const char *dos_name(enum dos dos); /* "RFOTM" */
bool device_owned(const struct device *dev);
bool device_doc_open(const struct device *dev);
uint64_t device_doc(const struct device *dev); /* session of the DOC; 0: none */
bool device_reset_pending(const struct device *dev);
const struct uuid *device_uuid(const struct device *dev);
const struct uuid *device_owner(const struct device *dev); /* devowneruuid, nil if unowned */
/* Who owns pstat, and may read it in each state of an owned device. */
const struct uuid *device_keeper(const struct device *dev);
enum oxm device_oxmsel(const struct device *dev);
/* Text that a handshake has to prove; NULL when no PIN is valid. Never log or publish it. */
const char *device_pin(const struct device *dev);
uint64_t device_pin_deadline(const struct device *dev); /* NEVER_US: none */
/* Wrong PINs in a row: to be kept over a restart and given back, which begins the wait for them
 * anew. */
unsigned device_pin_failures(const struct device *dev);
void device_pin_resume(struct device *dev, unsigned failures, uint64_t now_us);
