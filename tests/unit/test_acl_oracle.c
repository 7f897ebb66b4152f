/* An oracle for access: the decision algorithm written down once more, from the clauses of the
 * standard and in their order (OCF Security 12, CR 2640, CR 2868), in the plainest data there is,
 * and compared with the device over every state, channel, peer, resource and method with thousands
 * of random access control lists. It shares nothing with lib/svr but the question. */
#include "svr_fixture.h"

#include "svr/access.h"
#include "svr/route.h"

#define TRIALS    3000u
#define ACES_FEW  9u
#define ACE_PARTS 3u

/* ---- the world of the oracle: numbers instead of names ---- */

enum { ALICE, BOB, CAROL, DAVE, ERIN, MALLORY, PEERS, NOBODY = PEERS };

static const char *const PEER[PEERS] = {
	"00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000b2",
	"00000000-0000-4000-8000-0000000000c3", "00000000-0000-4000-8000-0000000000d4",
	"00000000-0000-4000-8000-0000000000e5", "00000000-0000-4000-8000-0000000000f6",
};
static const char *const ROLE[] = {"admin", "guest", "oic.role.owner"};
static const char *const AUTHORITY[] = {"", "acme", "other"};
enum { ADMIN, GUEST, OWNER_ROLE, ROLES, NO_ROLE = ROLES };

enum kind { SVR, DCR, DCR_SECURE, NCR };
enum whose { DOXM, PSTAT, CRED, ACL2, WHOSE, NONE = WHOSE };

/* What section 1.5 and 2 say of each resource. `idle`: before a DOC, GET or GET and POST. */
static const struct subject_matter {
	const char *href;
	enum kind kind;
	enum whose owner;
	const char *idle;
	bool discoverable, coaps, coap;
} THINGS[] = {
	{"/oic/res",       DCR,        NONE,  "G",  true,  true,  true },
	{"/oic/d",         DCR,        NONE,  "G",  true,  true,  true },
	{"/oic/p",         DCR,        NONE,  "G",  true,  true,  true },
	{"/oic/sec/doxm",  SVR,        DOXM,  "GP", true,  true,  false},
	{"/oic/sec/pstat", SVR,        PSTAT, "G",  true,  true,  false},
	{"/oic/sec/cred",  SVR,        CRED,  "",   true,  true,  false},
	{"/oic/sec/acl2",  SVR,        ACL2,  "",   true,  true,  false},
	{"/oic/sec/sdi",   SVR,        NONE,  "",   true,  true,  false},
	{"/oic/sec/sp",    SVR,        NONE,  "",   true,  true,  false},
	{"/oic/sec/csr",   SVR,        CRED,  "",   true,  true,  false},
	{"/oic/sec/roles", SVR,        NONE,  "",   true,  true,  false},
	{"/oic/sec/crl",   SVR,        CRED,  "",   true,  true,  false},
	{"/oic/sec/ael",   SVR,        NONE,  "",   true,  true,  false},
	{"/oic/mnt",       DCR_SECURE, NONE,  "",   true,  true,  false},
	{"/oc/swu",        DCR_SECURE, NONE,  "",   true,  true,  false},
 /* Application resources in all their visibilities. */
	{"/lamp",          NCR,        NONE,  "",   true,  true,  false},
	{"/open",          NCR,        NONE,  "",   true,  false, true },
	{"/both",          NCR,        NONE,  "",   true,  true,  true },
	{"/none",          NCR,        NONE,  "",   true,  false, false},
	{"/hidden",        NCR,        NONE,  "",   false, true,  true },
};

struct rule {
	enum { TO_PEER, TO_ROLE, TO_AUTH_CRYPT, TO_ANON_CLEAR } to;
	unsigned peer, role, authority;
	unsigned permission;   /* C 1, R 2, U 4, D 8, N 16 */
	unsigned since, until; /* days; until 0: valid for ever */
	unsigned n;
	struct {
		int thing;     /* index of THINGS, -1: no href */
		bool slash;    /* written with its leading slash */
		char wildcard; /* '+', '-', '*', or 0 */
	} on[ACE_PARTS];
};

struct situation {
	unsigned today;
	bool clock_trusted;
	enum dos state;
	bool doc_open;
	unsigned rowner[WHOSE], devowner; /* peers, or NOBODY */
	unsigned n_rules;
	struct rule rules[ACES_FEW];
	/* Role of each peer's pairwise key, and of its certificate session. */
	struct {
		unsigned role, authority;
	} by_key[PEERS], by_certificate[PEERS];
	bool has_credential[PEERS];
};

enum channel {
	UNSECURED,
	OVER_DOC,
	ANONYMOUS, /* secured by a handshake that tells nobody's name */
	BY_KEY,
	BY_CERTIFICATE,
	CHANNELS
};

struct question {
	enum channel channel;
	unsigned peer;
	const struct subject_matter *thing;
	enum method method;
};

/* ---- the clauses ---- */

static bool is(const char *href, const char *name)
{
	return strcmp(href, name) == 0;
}

/* 8.2: wildcards see application resources only. */
static bool wildcard_sees(char wildcard, const struct subject_matter *t)
{
	if (t->kind != NCR)
		return false;
	return wildcard == '*' || (wildcard == '+' && t->discoverable && t->coaps) ||
	       (wildcard == '-' && t->discoverable && t->coap);
}

static bool rule_is_about(const struct rule *r, const struct subject_matter *t)
{
	for (unsigned i = 0; i < r->n; i++) {
		bool href = r->on[i].thing < 0 || is(THINGS[r->on[i].thing].href, t->href);
		bool wildcard = r->on[i].wildcard == 0 || wildcard_sees(r->on[i].wildcard, t);

		if (href && wildcard)
			return true;
	}
	return false;
}

/* 8.3, 10b: names equal, and the authority of the rule empty or equal. */
static bool role_fits(const struct rule *r, unsigned role, unsigned authority)
{
	return role != NO_ROLE && r->role == role &&
	       (r->authority == 0 || r->authority == authority);
}

/* 8.1. A clock that is not trusted cannot say that now is inside a period. */
static bool is_valid(const struct situation *s, const struct rule *r)
{
	return r->until == 0 || (s->clock_trusted && r->since <= s->today && s->today < r->until);
}

static unsigned sum_of_permissions(const struct situation *s, const struct question *q)
{
	/* Who is known by name; a credential that is gone makes nobody. */
	bool known = (q->channel == BY_KEY || q->channel == BY_CERTIFICATE) &&
		     s->has_credential[q->peer];
	unsigned role = NO_ROLE, authority = 0, sum = 0;

	if (known && q->channel == BY_KEY) {
		role = s->by_key[q->peer].role;
		authority = s->by_key[q->peer].authority;
	} else if (known) {
		role = s->by_certificate[q->peer].role;
		authority = s->by_certificate[q->peer].authority;
		if (role == OWNER_ROLE) /* asserted */
			sum = 31;
	}
	for (unsigned i = 0; i < s->n_rules; i++) {
		const struct rule *r = &s->rules[i];
		bool fits = false;

		switch (r->to) {
		case TO_PEER: /* 10a */
			fits = known && r->peer == q->peer;
			break;
		case TO_ROLE: /* 10b */
			fits = role_fits(r, role, authority);
			break;
		case TO_AUTH_CRYPT: /* 10c; our choice: the peer has a name */
			fits = q->thing->kind != SVR && known;
			break;
		case TO_ANON_CLEAR: /* 10c: on secured sessions, too */
			fits = q->thing->kind != SVR;
			break;
		}
		if (fits && rule_is_about(r, q->thing) && is_valid(s, r))
			sum |= r->permission;
	}
	return sum;
}

/* 8.4 */
static bool covers_method(unsigned permissions, enum method method)
{
	switch (method) {
	case M_GET:
		return permissions & (2 | 16);
	case M_POST:
	case M_PUT:
		return permissions & (1 | 4);
	case M_DELETE:
		return permissions & 8;
	}
	return false;
}

static enum access oracle(const struct situation *s, const struct question *q)
{
	const struct subject_matter *t = q->thing;
	bool unsecured = q->channel == UNSECURED;
	bool over_doc = q->channel == OVER_DOC && s->doc_open;
	unsigned who =
		(q->channel == BY_KEY || q->channel == BY_CERTIFICATE) && s->has_credential[q->peer]
			? q->peer
			: NOBODY;

	/* 1. CR 2640 4.3: while a DOC is open in RFOTM, it alone is heard. */
	if (s->state == DOS_RFOTM && s->doc_open && !over_doc)
		return ACCESS_NONE;
	/* 2. */
	if (t->kind == NCR && s->state != DOS_RFNOP)
		return ACCESS_NONE;
	/* 3. */
	if (t->kind == NCR && unsecured)
		return ACCESS_NONE;
	/* 4. The flag ends on entry of RFNOP. */
	if (t->kind != NCR && over_doc && s->state != DOS_RFNOP)
		return ACCESS_FULL;
	/* 5, 6. */
	if (s->state == DOS_RFOTM)
		return (q->method == M_GET && strchr(t->idle, 'G')) ||
				       (q->method == M_POST && strchr(t->idle, 'P'))
			       ? ACCESS_FULL
			       : ACCESS_NONE;
	/* 7. */
	if ((t->kind == SVR || t->kind == DCR_SECURE) && unsecured)
		return ACCESS_NONE;
	/* 7b. Repair by the device owner. */
	if (t->kind == SVR && s->state == DOS_SRESET && who != NOBODY && who == s->devowner)
		return ACCESS_FULL;
	/* 8. */
	if (t->owner != NONE && who != NOBODY && who == s->rowner[t->owner])
		return ACCESS_FULL;
	/* 9. */
	if (is(t->href, "/oic/sec/roles"))
		return ACCESS_FULL;
	/* 10, 11. */
	if (covers_method(sum_of_permissions(s, q), q->method))
		return ACCESS_FULL;
	/* 8b. A body of dos, om and tm is all that is left to the other services. */
	if (is(t->href, "/oic/sec/pstat") && (q->method == M_GET || q->method == M_POST))
		for (unsigned o = 0; o < WHOSE; o++)
			if (who != NOBODY && who == s->rowner[o])
				return ACCESS_DOS;
	return ACCESS_NONE;
}

/* ---- the same situation as a device ---- */

static uint64_t rng;

static unsigned draw(unsigned n)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(rng >> 33) % n;
}

static struct uuid peer_uuid(unsigned peer)
{
	return peer == NOBODY ? (struct uuid){{0}} : uuid_of(PEER[peer]);
}

static void draw_rule(struct rule *r)
{
	*r = (struct rule){.to = draw(4),
			   .peer = draw(PEERS),
			   .role = draw(ROLES),
			   .authority = draw(3),
			   .permission = draw(32),
			   .since = draw(3),
			   .n = draw(ACE_PARTS + 1)};
	if (draw(3) == 0)
		r->until = r->since + 1 + draw(2);
	for (unsigned i = 0; i < r->n; i++) {
		r->on[i].thing = draw(3) == 0 ? -1 : (int)draw(ARRAY_SIZE(THINGS));
		r->on[i].slash = draw(4) != 0;
		r->on[i].wildcard = "\0\0+-*"[draw(5)];
		if (r->on[i].thing < 0 && r->on[i].wildcard == 0)
			r->on[i].wildcard = '*';
	}
}

static void draw_situation(struct situation *s)
{
	static const struct {
		enum dos state;
		bool doc_open;
	} STATES[] = {
		{DOS_RFOTM,  false},
                {DOS_RFOTM,  true },
                {DOS_RFPRO,  false},
                {DOS_RFPRO,  true },
		{DOS_RFNOP,  false},
                {DOS_SRESET, false},
                {DOS_SRESET, true },
	};
	unsigned at = draw(ARRAY_SIZE(STATES));

	*s = (struct situation){.today = draw(4),
				.clock_trusted = draw(4) != 0,
				.state = STATES[at].state,
				.doc_open = STATES[at].doc_open,
				.devowner = draw(PEERS + 1),
				.n_rules = draw(ACES_FEW + 1)};
	for (unsigned i = 0; i < WHOSE; i++)
		s->rowner[i] = draw(PEERS + 1);
	for (unsigned i = 0; i < s->n_rules; i++)
		draw_rule(&s->rules[i]);
	for (unsigned i = 0; i < PEERS; i++) {
		s->has_credential[i] = draw(5) != 0;
		s->by_key[i].role = draw(2) == 0 ? NO_ROLE : draw(GUEST + 1);
		s->by_key[i].authority = draw(3);
		s->by_certificate[i].role = draw(2) == 0 ? NO_ROLE : draw(ROLES);
		s->by_certificate[i].authority = draw(3);
	}
}

static enum ace_wildcard wildcard_of(char c)
{
	return c == '+' ? WC_SECURE : c == '-' ? WC_CLEAR : c == '*' ? WC_ALL : WC_NONE;
}

static void add_ace(struct acl *acl, const struct rule *r, uint32_t aceid)
{
	static const enum ace_subject SUBJECTS[] = {[TO_PEER] = ACE_UUID,
						    [TO_ROLE] = ACE_ROLE,
						    [TO_AUTH_CRYPT] = ACE_AUTH_CRYPT,
						    [TO_ANON_CLEAR] = ACE_ANON_CLEAR};
	struct ace_resource resources[ACE_PARTS];
	char period[64];
	struct ace_validity validity = {.period = span_of(period, 0)};
	struct ace draft = {.aceid = aceid,
			    .subject = SUBJECTS[r->to],
			    .permission = r->permission,
			    .n_resources = r->n,
			    .resources = resources};
	CLEANUP(ace_unrefp) struct ace *ace = NULL;

	if (r->to == TO_PEER)
		draft.uuid = uuid_of(PEER[r->peer]);
	if (r->to == TO_ROLE) {
		draft.role = span_str(ROLE[r->role]);
		draft.authority = span_str(AUTHORITY[r->authority]);
	}
	if (r->until > 0) {
		validity.period.len = (size_t)snprintf(period, sizeof(period),
						       "202601%02uT000000Z/202601%02uT000000Z",
						       r->since + 1, r->until + 1);
		draft.n_validities = 1;
		draft.validities = &validity;
	}
	for (unsigned i = 0; i < r->n; i++) {
		struct span href = r->on[i].thing < 0 ? span_of(NULL, 0)
						      : span_str(THINGS[r->on[i].thing].href);

		if (href.len > 0 && !r->on[i].slash)
			href = span_skip(href, 1);
		resources[i] = (struct ace_resource){href, wildcard_of(r->on[i].wildcard)};
	}
	ace = ace_new(&draft);
	assert_non_null(ace);
	assert_true(acl_append(acl, ace));
}

/* A pairwise key and an anchor for the certificate of each peer that has a credential. */
static void add_credentials(struct device *dev, const struct situation *s)
{
	for (unsigned i = 0; i < PEERS; i++) {
		struct cred key = {
			.credid = i + 1, .subject = uuid_of(PEER[i]), .key = {.len = 16}};
		struct cred anchor = {.credid = 100 + i,
				      .usage = USAGE_TRUSTCA,
				      .subject = uuid_of(PEER[i]),
				      .public = SPAN_LIT("ca name=x")};

		if (!s->has_credential[i])
			continue;
		if (s->by_key[i].role != NO_ROLE) {
			key.role = span_str(ROLE[s->by_key[i].role]);
			key.authority = span_str(AUTHORITY[s->by_key[i].authority]);
		}
		assert_true(device_add_cred(dev, &key));
		assert_true(device_add_cred(dev, &anchor));
	}
}

#define SESSION_OF(peer) (UINT64_C(100) + (peer))

/* Each peer's certificate session has asserted its role. */
static void assert_roles(struct device *dev, const struct situation *s, const struct svr_wall *wall)
{
	for (unsigned i = 0; i < PEERS; i++) {
		struct cred draft = {.usage = USAGE_ROLECERT, .public = SPAN_LIT("cert")};
		struct asserted *a = &dev->asserted[dev->n_asserted];

		if (s->by_certificate[i].role == NO_ROLE)
			continue;
		draft.role = span_str(ROLE[s->by_certificate[i].role]);
		draft.authority = span_str(AUTHORITY[s->by_certificate[i].authority]);
		*a = (struct asserted){.session = SESSION_OF(i),
				       .cred = cred_new(&draft),
				       .anchors = device_anchors(dev, wall),
				       .until_us = UINT64_MAX};
		assert_non_null(a->cred);
		dev->n_asserted++;
	}
}

static void build(struct world *w, const struct situation *s)
{
	struct device *dev = w->dev;
	struct acl acl = {0};

	while (dev->n_creds > 0)
		(void)cred_unref(dev->creds[--dev->n_creds]);
	while (dev->n_asserted > 0)
		(void)cred_unref(dev->asserted[--dev->n_asserted].cred);
	dev->acl = aclist_unref(dev->acl);
	/* 2026-01-01 and the days after it, at noon. */
	w->env.wall.us = (UINT64_C(1767225600) + s->today * 86400 + 43200) * 1000000;
	w->env.wall.trusted = s->clock_trusted;
	dev->dos = s->state;
	dev->owned = s->state != DOS_RFOTM;
	dev->doc = s->doc_open ? DOC : 0;
	dev->devowner = peer_uuid(s->devowner);
	for (unsigned i = 0; i < WHOSE; i++)
		dev->rowner[i] = peer_uuid(s->rowner[i]);
	for (unsigned i = 0; i < s->n_rules; i++)
		add_ace(&acl, &s->rules[i], i + 1);
	assert_int_equal(aclist_new(&dev->acl, &acl), 0);
	add_credentials(dev, s);
	assert_roles(dev, s, &w->env.wall);
}

static struct target target_of(const struct subject_matter *t)
{
	for (size_t i = 0; i < N_RESOURCES; i++)
		if (is(RESOURCES[i].target.href, t->href))
			return RESOURCES[i].target;
	assert_int_equal(t->kind, NCR);
	return (struct target){.href = t->href,
			       .kind = RES_NCR,
			       .owner = OWNER_NONE,
			       .discoverable = t->discoverable,
			       .secure = t->coaps,
			       .clear = t->coap};
}

static enum access ask(struct world *w, const struct question *q)
{
	static const uint8_t KEY[64] = {1};
	const struct target target = target_of(q->thing);
	struct req req = {.method = q->method, .path = span_str(q->thing->href)};
	struct requester who;

	switch (q->channel) {
	case UNSECURED:
	case CHANNELS:
		break;
	case OVER_DOC:
		req.session = DOC;
		break;
	case ANONYMOUS:
		req.session = STRANGER;
		break;
	case BY_CERTIFICATE:
	case BY_KEY:
		/* A session with a certificate, and another one with the key. */
		if (q->channel == BY_CERTIFICATE)
			req.peer_key = span_of(KEY, sizeof(KEY));
		req.session = q->channel == BY_KEY ? 50 + q->peer : SESSION_OF(q->peer);
		req.has_peer = true;
		req.peer = uuid_of(PEER[q->peer]);
		break;
	}
	requester_of(w->dev, &req, &w->env.wall, &who);
	return access_decide(w->dev, &who, &target);
}

static void compare(struct world *w, const struct situation *s, const struct question *q,
		    unsigned trial)
{
	static const char *const CHANNEL[] = {"unsecured", "DOC", "anonymous", "key",
					      "certificate"};
	enum access want = oracle(s, q), got = ask(w, q);

	if (want != got)
		fail_msg("trial %u: %s%s, %s of peer %u, method %d %s: device says %d, oracle %d",
			 trial, dos_name(s->state), s->doc_open ? " with DOC" : "",
			 CHANNEL[q->channel], q->peer, (int)q->method, q->thing->href, (int)got,
			 (int)want);
}

static size_t compare_all(struct world *w, const struct situation *s, unsigned trial)
{
	struct question q;
	size_t n = 0;

	for (q.channel = 0; q.channel < CHANNELS; q.channel++)
		for (q.peer = 0; q.peer < (q.channel >= BY_KEY ? PEERS : 1); q.peer++)
			for (size_t i = 0; i < ARRAY_SIZE(THINGS); i++)
				for (q.method = M_GET; q.method <= M_DELETE; q.method++, n++) {
					q.thing = &THINGS[i];
					compare(w, s, &q, trial);
				}
	return n;
}

static void access_decide__agrees_with_the_oracle(void **state)
{
	struct world *w = world_new();
	size_t granted[ACCESS_FULL + 1] = {0};

	(void)state;
	rng = 20261122;
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		struct situation s;

		draw_situation(&s);
		build(w, &s);
		assert_int_equal(compare_all(w, &s, trial),
				 (3 + 2 * PEERS) * ARRAY_SIZE(THINGS) * 4);
		granted[ask(w, &(struct question){BY_KEY, ALICE, &THINGS[4], M_POST})]++;
	}
	/* The situations are not all alike. */
	for (size_t i = 0; i < ARRAY_SIZE(granted); i++)
		assert_true(granted[i] > TRIALS / 200);
	world_free(w);
}

/* Every resource that the device has is one that the oracle knows. */
static void the_oracle__knows_all_resources(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_RESOURCES; i++) {
		bool known = RESOURCES[i].target.kind == RES_NCR || RESOURCES[i].hidden;

		for (size_t k = 0; k < ARRAY_SIZE(THINGS); k++)
			known |= is(RESOURCES[i].target.href, THINGS[k].href);
		if (!known)
			fail_msg("%s has no line in the oracle", RESOURCES[i].target.href);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oracle__knows_all_resources),
		cmocka_unit_test(access_decide__agrees_with_the_oracle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
