/* lib/svr/device.h - all state of one device; private to lib/svr. */
#pragma once

#include "svr/aclist.h"
#include "svr/credential.h"

#define CREDS_MAX         ((size_t)64)
#define ROLES_MAX         ((size_t)64) /* asserted in all sessions */
#define SESSION_ROLES_MAX ((size_t)8)
#define CSR_MAX           ((size_t)1024) /* octets of a request in PEM */
#define ID_MAX            INT32_MAX      /* of a credid or aceid */

#define PIN_LIFE_US     (UINT64_C(600) * 1000000)
#define PIN_TRIES       3                        /* wrong PINs in a row before the first wait */
#define PIN_WAIT_US     (UINT64_C(10) * 1000000) /* doubled by each further one */
#define PIN_WAIT_MAX_US (UINT64_C(600) * 1000000)
#define PIN_BURST       5                        /* random PINs made at once */
#define PIN_EVERY_US    (UINT64_C(10) * 1000000) /* and one each after that */

#define OM_CLIENT_DIRECTED 4u /* the only operational mode: pstat.sm */
#define SCT                9u /* doxm.sct: pairwise keys and certificates */

/* Bits of pstat.cm and tm: OCF Security 13.8. */
#define MODE_RESET      0x001u
#define MODE_TAKE_OWNER 0x002u
#define MODE_VALIDATE   0x040u /* software version */
#define MODE_UPGRADE    0x080u
#define MODE_AVAILABLE  0x100u /* new software */
#define MODE_SOFTWARE   (MODE_VALIDATE | MODE_UPGRADE | MODE_AVAILABLE)

/* The resources with an owner of their own, "rowneruuid". */
enum owner { OWNER_DOXM, OWNER_PSTAT, OWNER_CRED, OWNER_ACL2, OWNER_COUNT };
#define OWNER_NONE OWNER_COUNT

/* Security profiles, as bits of SP_BIT(). */
enum sp { SP_UNSPECIFIED, SP_BASELINE, SP_BLACK, SP_BLUE, SP_PURPLE };
#define SP_BIT(p) (1u << (p))

/* A role that the peer of a session has: OCF Security 13.11. */
struct asserted {
	uint64_t session;
	struct cred *cred;          /* counted: the certificate, `role` is what it says */
	uint64_t anchors;           /* device_anchors() when it was judged */
	uint64_t from_us, until_us; /* the certificate's validity */
};

#define SWU_URL_MAX ((size_t)64) /* octets of purl */

enum swu_state {
	SWU_STATE_IDLE,
	SWU_STATE_NSA, /* new software available */
	SWU_STATE_SVV, /* being validated */
	SWU_STATE_SVA, /* validated and available */
	SWU_STATE_UPGRADING,
};

/* /oc/swu. */
struct swu {
	char purl[SWU_URL_MAX + 1];
	enum swu_action action; /* scheduled */
	uint64_t at_us;         /* wall clock; NEVER_US: at no time */
	char nv[SVR_TEXT_MAX + 1];
	enum swu_state state;
	enum swu_result result;
	uint64_t last_us; /* wall clock; 0: no update yet */
	/* Of this run only. */
	uint16_t asked;          /* edges of pstat.tm that wait for their turn or run */
	enum swu_action running; /* SWU_IDLE: none */
	uint32_t run;            /* counts what was begun; survives RESET */
};

#define AEL_SPACE          ((size_t)2048) /* octets of events; the oldest give way */
#define AEL_CATEGORIES_ALL 255u
#define AEL_PRIORITY_LAST  4u

/* /oic/sec/ael. */
struct ael {
	uint8_t categories, priority; /* filters */
	size_t used;                  /* of this run only, as are the events */
	uint8_t ring[AEL_SPACE];
};

struct device {
	const struct device_info *info; /* borrowed for life */

	/* In the record. DOS_RESET is only ever seen while a RESET is pending. */
	enum dos dos;
	bool owned;
	enum oxm oxmsel;
	struct uuid uuid, devowner, rowner[OWNER_COUNT];
	uint16_t cm, tm;
	unsigned om;
	size_t n_creds;
	struct cred *creds[CREDS_MAX]; /* counted */
	struct aclist *acl;            /* counted */
	struct secret csr_key;         /* empty: none made yet */
	struct crl *crl;               /* counted; NULL: none */
	struct {
		struct uuid uuid;
		char name[SVR_TEXT_MAX + 1];
		bool priv;
	} sdi;
	struct {
		unsigned supported; /* SP_BIT()s */
		enum sp current;
	} sp;

	struct swu swu;
	struct ael ael;

	/* Of this run only. */
	struct {
		struct uuid subject;
		size_t len; /* 0: none made yet */
		uint8_t pem[CSR_MAX];
	} csr;
	size_t n_asserted;
	struct asserted asserted[ROLES_MAX];
	uint64_t doc;      /* session with the DOC flag, 0: none */
	uint64_t reset_by; /* session that asked for the pending RESET, 0: none */
	struct {
		char text[SVR_PIN_MAX + 1]; /* empty: no valid PIN */
		uint64_t deadline_us;
		uint64_t whole_us; /* when PIN_BURST are allowed again; survives RESET */
		unsigned failures; /* in a row; survives RESET */
		uint64_t blocked_until_us;
	} pin;
};

/* NULL: out of memory. */
MUST_USE struct device *device_copy(const struct device *dev);
/* Everything to its value after a RESET, with a fresh identity; still in RESET. What counts wrong
 * PINs stays. */
void device_wipe(struct device *dev, const struct svr_env *env);
/* May one more PIN be made? */
MUST_USE bool device_pin_take(struct device *dev, uint64_t now_us);
void device_pin_renew(struct device *dev, const struct svr_env *env);
void device_pin_set(struct device *dev, const char *text, const struct svr_env *env);
/* Counts one wrong PIN more; from PIN_TRIES on the next one has to wait. */
void device_pin_failed(struct device *dev, uint64_t now_us);
void device_pin_forget(struct device *dev);
/* Takes a copy of `draft` into the list. False: out of memory. */
MUST_USE bool device_add_cred(struct device *dev, const struct cred *draft);
/* Is there an entry that lets this one subject in? wall NULL: now or at another time. */
bool device_admits(const struct device *dev, const struct uuid *subject,
		   const struct svr_wall *wall);
/* The newest pairwise key of a subject that is in force, or NULL. */
const struct cred *device_psk(const struct device *dev, const struct uuid *subject,
			      const struct svr_wall *wall);
/* Trust anchors in force, one bit for each entry that is one. */
uint64_t device_anchors(const struct device *dev, const struct svr_wall *wall);
/* Does a role still stand: valid, and each anchor there was is in force? */
bool device_stands(const struct device *dev, const struct asserted *a, const struct svr_wall *wall);
/* Drops the roles of a session; one only, unless credid is NULL. */
void device_retract(struct device *dev, uint64_t session, const uint32_t *credid);
bool device_in_doc(const struct device *dev, uint64_t session);
/* Random, 1..ID_MAX: a credid or aceid. */
uint32_t device_draw_id(const struct svr_env *env);
