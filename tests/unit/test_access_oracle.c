/* An independent oracle of access: the decision algorithm of OCF Security written down clause by
 * clause in the terms of its text, without a line of the code under test, and compared with it over
 * all states, channels, subjects, resources and methods, with thousands of random lists.
 *
 * What it must not share with lib/svr: how a resource is classed, how a list is searched, how time
 * is judged, the order of the steps. */
#include "svr_fixture.h"

#include "svr/access.h"
#include "svr/acl.h"
#include "svr/route.h"

/* ---- the world in the terms of the text ---- */

enum life { RFOTM_IDLE, RFOTM_DOC, RFPRO_DOC, RFPRO, RFNOP, SRESET_DOC, SRESET, RESETTING, LIVES };

static const char *const LIFE_NAMES[] = {"RFOTM", "RFOTM+DOC",  "RFPRO+DOC", "RFPRO",
					 "RFNOP", "SRESET+DOC", "SRESET",    "RESET"};

enum person { NOBODY, DEVOWNER, DOTS, PSTAT_OWNER, CMS, AMS, ALICE, BOB, PERSONS };

static const char *const UUIDS[PERSONS] = {
	NULL,
	"00000000-0000-4000-8000-0000000000e0",
	"00000000-0000-4000-8000-0000000000d0",
	"00000000-0000-4000-8000-0000000000b0",
	"00000000-0000-4000-8000-0000000000c0",
	"00000000-0000-4000-8000-0000000000a0",
	"0a11ce00-0000-4000-8000-000000000001",
	"0b0b0000-0000-4000-8000-000000000002",
};

enum channel {
	UNSECURED,
	OVER_DOC,
	NAMELESS, /* secured, but the peer is unknown: a Just Works session without its DOC flag */
	BY_PSK,
	BY_CERT,
	FORGOTTEN, /* by PSK, whose credential is gone */
	CHANNELS,
};

static const char *const CHANNEL_NAMES[] = {"unsecured", "DOC",  "nameless",
					    "PSK",       "cert", "forgotten"};

struct who {
	enum channel channel;
	enum person person;
	struct {
		const char *name, *authority;
	} psk_role, roles[2]; /* of the PSK credential; asserted in the session */
	size_t n_roles;
};

#define PSK(p)                                                                                     \
	{                                                                                          \
		.channel = BY_PSK, .person = (p)                                                   \
	}
#define CERT(p)                                                                                    \
	{                                                                                          \
		.channel = BY_CERT, .person = (p)                                                  \
	}

/* clang-format off */
static const struct who WHO[] = {
	{.channel = UNSECURED},
	{.channel = OVER_DOC},
	{.channel = OVER_DOC, .person = DEVOWNER},
	{.channel = NAMELESS},
	PSK(DEVOWNER),
	PSK(DOTS),
	PSK(PSTAT_OWNER),
	PSK(CMS),
	PSK(AMS),
	PSK(ALICE),
	CERT(DEVOWNER),
	CERT(CMS),
	CERT(ALICE),
	{.channel = FORGOTTEN, .person = BOB},
	{.channel = BY_PSK, .person = ALICE, .psk_role = {"reader", "home"}},
	{.channel = BY_PSK, .person = ALICE, .psk_role = {"oic.role.owner", ""}},
	{.channel = BY_PSK, .person = ALICE, .roles = {{"reader", "home"}}, .n_roles = 1},
	{.channel = BY_CERT, .person = ALICE, .roles = {{"writer", "work"}}, .n_roles = 1},
	{.channel = BY_CERT,
	 .person = BOB,
	 .roles = {{"reader", "work"}, {"writer", "home"}},
	 .n_roles = 2},
	{.channel = BY_CERT, .person = BOB, .roles = {{"oic.role.owner", "home"}}, .n_roles = 1},
};
/* clang-format on */

/* 0.2 Vocabulary; 1.5 and 2: which is which, and whose. */
enum class { SVR_CLASS, DCR_CLASS, NCR_CLASS };

static const struct thing {
	const char *href;
	enum class class;
	enum person rowner; /* "rowneruuid"; NOBODY: none, or not one of the four */
	bool discoverable, secure, clear;
	bool ours; /* in the device's own table, from where the code knows it */
} THINGS[] = {
	{"/oic/res",             DCR_CLASS, NOBODY,      true,  true,  true,  true },
	{"/oic/d",               DCR_CLASS, NOBODY,      true,  true,  true,  true },
	{"/oic/p",               DCR_CLASS, NOBODY,      true,  true,  true,  true },
	{"/.well-known/core",    DCR_CLASS, NOBODY,      false, true,  true,  true },
	{"/oic/mnt",             DCR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oc/swu",              DCR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oic/sec/doxm",        SVR_CLASS, DOTS,        true,  true,  false, true },
	{"/oic/sec/pstat",       SVR_CLASS, PSTAT_OWNER, true,  true,  false, true },
	{"/oic/sec/cred",        SVR_CLASS, CMS,         true,  true,  false, true },
	{"/oic/sec/acl2",        SVR_CLASS, AMS,         true,  true,  false, true },
	{"/oic/sec/csr",         SVR_CLASS, CMS,         true,  true,  false, true },
	{"/oic/sec/crl",         SVR_CLASS, CMS,         true,  true,  false, true },
	{"/oic/sec/roles",       SVR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oic/sec/sp",          SVR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oic/sec/sdi",         SVR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oic/sec/ael",         SVR_CLASS, NOBODY,      true,  true,  false, true },
	{"/oc/wk/introspection", NCR_CLASS, NOBODY,      true,  true,  false, true },
	{"/light",               NCR_CLASS, NOBODY,      true,  true,  false, false},
	{"/both",                NCR_CLASS, NOBODY,      true,  true,  true,  false},
	{"/plain",               NCR_CLASS, NOBODY,      true,  false, true,  false},
	{"/hidden",              NCR_CLASS, NOBODY,      false, true,  true,  false},
};
#define N_THINGS ARRAY_SIZE(THINGS)

/* One ACE with up to two resources. */
struct rule {
	enum { R_UUID, R_ROLE, R_CRYPT, R_CLEAR, RULE_SUBJECTS } subject;
	enum person person;
	const char *role, *authority; /* authority NULL: left out */
	size_t n;
	struct {
		const char *href; /* NULL: none */
		char wc;          /* 0: none */
	} items[2];
	unsigned permission;
	enum { ALWAYS, NOW, ONCE, DAILY_NOW, DAILY_NOT, TIMES } time;
};

/* The clock of all lists says 2026-06-10, 12:00. */
#define CLOCK_US UINT64_C(1781092800000000)
static const struct {
	const char *validity;
	bool holds;
} TIME[TIMES] = {
	[ALWAYS] = {NULL,								     true },
	[NOW] = {"{\"period\":\"20260101T000000Z/20270101T000000Z\"}",                     true },
	[ONCE] = {"{\"period\":\"20260101T000000Z/20260610T120000Z\"}",                     false},
	[DAILY_NOW] = {"{\"period\":\"20260101T110000Z/PT2H\",\"recurrence\":[\"FREQ=DAILY\"]}",
                    true									   },
	[DAILY_NOT] = {"{\"period\":\"20260101T130000Z/PT2H\",\"recurrence\":[\"FREQ=DAILY\"]}",
                    false									  },
};

#define RULES_MAX 12
struct scene {
	enum life life;
	size_t n;
	struct rule rules[RULES_MAX];
	bool trusted; /* the clock */
};

/* ---- the oracle: clause 8.3, in its order ---- */

static bool is_secured(const struct who *w)
{
	return w->channel != UNSECURED;
}

/* The peer counts while a credential of the device vouches for it. */
static enum person peer_of(const struct who *w)
{
	return w->channel == BY_PSK || w->channel == BY_CERT ? w->person : NOBODY;
}

static bool in_rfotm(enum life life)
{
	return life == RFOTM_IDLE || life == RFOTM_DOC;
}

static bool doc_is_open(enum life life)
{
	return life == RFOTM_DOC || life == RFPRO_DOC || life == SRESET_DOC;
}

static bool is(const struct thing *t, const char *href)
{
	return strcmp(t->href, href) == 0;
}

/* 8.3.10 a, b, c. Roles: names equal and (ACE authority empty or equal). */
static bool rule_means(const struct rule *r, const struct who *w, const struct thing *t)
{
	const char *names[3], *authorities[3];
	size_t n = 0;

	switch (r->subject) {
	case R_UUID:
		return peer_of(w) != NOBODY && peer_of(w) == r->person;
	case R_CRYPT: /* the choice of docs/conformance.md: a peer that is known */
		return t->class != SVR_CLASS && is_secured(w) && peer_of(w) != NOBODY;
	case R_CLEAR:
		return t->class != SVR_CLASS;
	case R_ROLE:
	case RULE_SUBJECTS:
		break;
	}
	if (peer_of(w) == NOBODY)
		return false;
	if (w->psk_role.name) {
		names[n] = w->psk_role.name;
		authorities[n++] = w->psk_role.authority;
	}
	for (size_t i = 0; i < w->n_roles; i++) {
		names[n] = w->roles[i].name;
		authorities[n++] = w->roles[i].authority;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(r->role, names[i]) == 0 &&
		    (!r->authority || strcmp(r->authority, authorities[i]) == 0))
			return true;
	return false;
}

/* 8.2, 8.5; an item with both halves needs both. */
static bool rule_reaches(const struct rule *r, const struct thing *t)
{
	for (size_t i = 0; i < r->n; i++) {
		const char *href = r->items[i].href;
		bool by_href = !href || strcmp(href, t->href) == 0 ||
			       (href[0] != '/' && strcmp(href, t->href + 1) == 0);
		bool by_wc = true;

		if (r->items[i].wc && t->class != NCR_CLASS)
			by_wc = false;
		else if (r->items[i].wc == '+')
			by_wc = t->discoverable && t->secure;
		else if (r->items[i].wc == '-')
			by_wc = t->discoverable && t->clear;
		if (by_href && by_wc)
			return true;
	}
	return false;
}

/* 8.1 validity, with the choice of docs/conformance.md for a clock that is not trusted. */
static bool rule_holds(const struct rule *r, bool trusted)
{
	return r->time == ALWAYS || (trusted && TIME[r->time].holds);
}

/* 8.4, the column of what deployed devices do. */
static unsigned covering(enum method m)
{
	static const unsigned BITS[] = {
		[M_GET] = 2 | 16, [M_POST] = 1 | 4, [M_PUT] = 1 | 4, [M_DELETE] = 8};

	return BITS[m];
}

static enum access oracle(const struct scene *s, const struct who *w, const struct thing *t,
			  enum method m)
{
	const bool secured = is_secured(w), flagged = w->channel == OVER_DOC;
	const enum person peer = peer_of(w);
	unsigned sum = 0;

	/* 4.4 row 18: while a RESET is pending nothing is decided, all gets 5.03. */
	if (s->life == RESETTING)
		return ACCESS_NONE;
	/* 1. RFOTM, request unsecured, a DOC peer exists -> deny. */
	if (s->life == RFOTM_DOC && !secured)
		return ACCESS_NONE;
	/* 2. Target is NCR and state is not RFNOP -> deny. */
	if (t->class == NCR_CLASS && s->life != RFNOP)
		return ACCESS_NONE;
	/* 3. Target is vertical and request unsecured -> deny; all our NCRs have no unsecured way.
	 */
	if (t->class == NCR_CLASS && !secured)
		return ACCESS_NONE;
	/* 4. Target is DCR and the session carries the DOC flag -> grant. */
	if (t->class != NCR_CLASS && flagged)
		return ACCESS_FULL;
	/* 5. GET of /oic/res, /oic/d, /oic/p in RFOTM -> grant; /.well-known/core always. */
	if (m == M_GET && in_rfotm(s->life) &&
	    (is(t, "/oic/res") || is(t, "/oic/d") || is(t, "/oic/p")))
		return ACCESS_FULL;
	if (m == M_GET && is(t, "/.well-known/core"))
		return ACCESS_FULL;
	/* 6. RFOTM without DOC: GET/POST doxm, GET pstat -> grant; everything else -> deny. */
	if (in_rfotm(s->life)) {
		if (is(t, "/oic/sec/doxm") && (m == M_GET || m == M_POST))
			return ACCESS_FULL;
		return is(t, "/oic/sec/pstat") && m == M_GET ? ACCESS_FULL : ACCESS_NONE;
	}
	/* 7. Target is SVR, request unsecured, state RFPRO/RFNOP/SRESET -> deny. So are resources
	 * without an unsecured endpoint: docs/conformance.md. */
	if ((t->class == SVR_CLASS || !t->clear) && !secured)
		return ACCESS_NONE;
	/* D: devowneruuid has full SVR access in SRESET (in RFOTM there is only the DOC). */
	if (t->class == SVR_CLASS && (s->life == SRESET || s->life == SRESET_DOC) &&
	    peer == DEVOWNER)
		return ACCESS_FULL;
	/* 8. Peer UUID = rowneruuid of the targeted resource -> grant. */
	if (peer != NOBODY && peer == t->rowner)
		return ACCESS_FULL;
	/* 9. Target is /oic/sec/roles -> grant (secured: by 7). */
	if (is(t, "/oic/sec/roles"))
		return ACCESS_FULL;
	/* 10. Sum the permissions of all ACEs that match; asserted oic.role.owner = all. */
	for (size_t i = 0; i < s->n; i++)
		if (rule_means(&s->rules[i], w, t) && rule_reaches(&s->rules[i], t) &&
		    rule_holds(&s->rules[i], s->trusted))
			sum |= s->rules[i].permission;
	for (size_t i = 0; i < w->n_roles; i++)
		if (peer != NOBODY && strcmp(w->roles[i].name, "oic.role.owner") == 0)
			sum = 31;
	/* 11. Grant if the sum covers the method. */
	if (sum & covering(m))
		return ACCESS_FULL;
	/* 8b. pstat by the owner of doxm, cred or acl2: dos, om and tm only. */
	if (is(t, "/oic/sec/pstat") && (m == M_GET || m == M_POST) &&
	    (peer == DOTS || peer == CMS || peer == AMS))
		return ACCESS_DOS;
	return ACCESS_NONE;
}

/* ---- random lists ---- */

static uint64_t seed;

static unsigned dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

static struct rule draw_rule(void)
{
	static const char *const ROLES[] = {"reader", "writer", "oic.role.owner"};
	static const char *const AUTHORITIES[] = {NULL, "home", "work"};
	static const char WILDCARDS[] = {'+', '-', '*'};
	struct rule r = {.subject = dice(RULE_SUBJECTS),
			 .person = (enum person)(1 + dice(PERSONS - 1)),
			 .role = ROLES[dice(3)],
			 .authority = AUTHORITIES[dice(3)],
			 .n = dice(3),
			 .permission = dice(4) ? 1u << dice(5) : dice(32),
			 .time = dice(2) ? ALWAYS : dice(TIMES)};

	for (size_t i = 0; i < r.n; i++) {
		unsigned kind = dice(8);

		if (kind != 0)
			r.items[i].href = THINGS[dice(N_THINGS)].href + (kind == 1);
		if (kind == 0 || kind == 2)
			r.items[i].wc = WILDCARDS[dice(3)];
	}
	return r;
}

static void draw_scene(struct scene *s, size_t i)
{
	*s = (struct scene){
		.life = (enum life)(i % LIVES), .n = dice(RULES_MAX + 1), .trusted = dice(4) != 0};
	for (size_t j = 0; j < s->n; j++)
		s->rules[j] = draw_rule();
}

/* ---- the same for the code under test ---- */

static void write_rule(struct buf *b, const struct rule *r, size_t id)
{
	buf_printf(b, "{\"aceid\":%zu,\"permission\":%u,\"subject\":", id, r->permission);
	if (r->subject == R_UUID)
		buf_printf(b, "{\"uuid\":\"%s\"}", UUIDS[r->person]);
	else if (r->subject == R_ROLE && r->authority)
		buf_printf(b, "{\"role\":\"%s\",\"authority\":\"%s\"}", r->role, r->authority);
	else if (r->subject == R_ROLE)
		buf_printf(b, "{\"role\":\"%s\"}", r->role);
	else
		buf_printf(b, "{\"conntype\":\"%s\"}",
			   r->subject == R_CRYPT ? "auth-crypt" : "anon-clear");
	buf_put_str(b, ",\"resources\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_put_str(b, "{");
		if (r->items[i].href)
			buf_printf(b, "\"href\":\"%s\",", r->items[i].href);
		if (r->items[i].wc)
			buf_printf(b, "\"wc\":\"%c\"", r->items[i].wc);
		buf_put_str(b, "},");
	}
	buf_put_str(b, "]");
	if (TIME[r->time].validity)
		buf_printf(b, ",\"validity\":[%s]", TIME[r->time].validity);
	buf_put_str(b, "},");
}

static void load_rules(struct device *dev, const struct scene *s)
{
	CLEANUP(acl2_update_done) struct acl2_update u;
	struct buf text = BUF_INIT(65536), body = BUF_INIT(65536);

	buf_put_str(&text, "{\"aclist2\":[");
	for (size_t i = 0; i < s->n; i++)
		write_rule(&text, &s->rules[i], i + 1);
	buf_put_str(&text, "]}");
	buf_put_byte(&text, 0);
	diag(&body, (const char *)text.ptr);
	assert_true(acl2_rep_parse(buf_span(&body), &u));
	assert_int_equal(u.acl.n, s->n);
	dev->acl = aclist_unref(dev->acl);
	assert_int_equal(aclist_new(&dev->acl, &u.acl), 0);
	buf_done(&body);
	buf_done(&text);
}

static void add_cred(struct device *dev, const struct cred *draft)
{
	assert_true(device_add_cred(dev, draft));
}

/* Whom the device lets in, but for what one requester brings along. */
static void load_device(struct world *w, const struct scene *s)
{
	static const enum dos DOS[LIVES] = {DOS_RFOTM, DOS_RFOTM,  DOS_RFPRO,  DOS_RFPRO,
					    DOS_RFNOP, DOS_SRESET, DOS_SRESET, DOS_RESET};
	struct device *dev = w->dev;

	dev->dos = DOS[s->life];
	dev->doc = doc_is_open(s->life) ? DOC : 0;
	dev->devowner = uuid_of(UUIDS[DEVOWNER]);
	dev->rowner[OWNER_DOXM] = uuid_of(UUIDS[DOTS]);
	dev->rowner[OWNER_PSTAT] = uuid_of(UUIDS[PSTAT_OWNER]);
	dev->rowner[OWNER_CRED] = uuid_of(UUIDS[CMS]);
	dev->rowner[OWNER_ACL2] = uuid_of(UUIDS[AMS]);
	w->env.wall = (struct svr_wall){CLOCK_US, s->trusted};
	load_rules(dev, s);
}

static void load_requester(struct device *dev, const struct who *w, struct req *ret)
{
	static const uint8_t KEY[64] = {4};

	while (dev->n_creds)
		(void)cred_unref(dev->creds[--dev->n_creds]);
	while (dev->n_asserted)
		(void)cred_unref(dev->asserted[--dev->n_asserted].cred);
	*ret = (struct req){.session = w->channel == UNSECURED  ? CLEAR
				       : w->channel == OVER_DOC ? DOC
								: LATER,
			    .has_peer = w->person != NOBODY};
	if (ret->has_peer)
		ret->peer = uuid_of(UUIDS[w->person]);
	if (w->channel == BY_PSK || w->channel == OVER_DOC)
		add_cred(dev, &(struct cred){.subject = ret->peer,
					     .role = span_str(w->psk_role.name),
					     .authority = span_str(w->psk_role.authority)});
	if (w->channel == BY_CERT) {
		ret->peer_key = span_of(KEY, sizeof(KEY));
		add_cred(dev, &(struct cred){.usage = USAGE_TRUSTCA,
					     .any = true,
					     .public = SPAN_LIT("an anchor")});
	}
	for (size_t i = 0; i < w->n_roles; i++) {
		struct cred *role =
			cred_new(&(struct cred){.usage = USAGE_ROLECERT,
						.role = span_str(w->roles[i].name),
						.authority = span_str(w->roles[i].authority)});

		assert_non_null(role);
		dev->asserted[dev->n_asserted++] =
			(struct asserted){.session = LATER, .cred = role, .until_us = UINT64_MAX};
	}
}

static struct target target_of(const struct thing *t)
{
	size_t i = 0;

	while (t->ours && strcmp(RESOURCES[i].target.href, t->href) != 0)
		assert_true(++i < N_RESOURCES);
	if (t->ours)
		return RESOURCES[i].target;
	return (struct target){.href = t->href,
			       .kind = RES_NCR,
			       .owner = OWNER_NONE,
			       .discoverable = t->discoverable,
			       .secure = t->secure,
			       .clear = t->clear};
}

/* Which channels there can be: in RFOTM only the DOC has a session, elsewhere a flag needs one. */
static bool can_be(enum life life, enum channel channel)
{
	switch (channel) {
	case UNSECURED:
		return true;
	case OVER_DOC:
		return doc_is_open(life);
	case NAMELESS:
	case BY_PSK:
	case BY_CERT:
	case FORGOTTEN:
	case CHANNELS:
		break;
	}
	return !in_rfotm(life);
}

struct tally {
	size_t asked, granted, partly;
};

static void compare(struct world *w, const struct scene *s, size_t i, const struct who *who,
		    struct tally *tally)
{
	struct requester requester;
	struct req req;

	load_requester(w->dev, who, &req);
	requester_of(w->dev, &req, &w->env.wall, &requester);
	for (size_t j = 0; j < N_THINGS; j++) {
		const struct target target = target_of(&THINGS[j]);

		for (req.method = M_GET; req.method <= M_DELETE; req.method++) {
			enum access want = oracle(s, who, &THINGS[j], req.method);
			enum access got = access_decide(w->dev, &requester, &target);

			if (got != want)
				fail_msg("list %zu, %s, %s as %d (%zu roles), method %d of %s: "
					 "got %d, the text says %d",
					 i, LIFE_NAMES[s->life], CHANNEL_NAMES[who->channel],
					 (int)who->person, who->n_roles, (int)req.method,
					 THINGS[j].href, (int)got, (int)want);
			tally->asked++;
			tally->granted += want == ACCESS_FULL;
			tally->partly += want == ACCESS_DOS;
		}
	}
}

#define LISTS ((size_t)4000)

static void access_decide__agrees_with_the_text(void **state)
{
	struct world *w = world_new();
	struct tally tally[LIVES] = {0};
	struct scene s;

	(void)state;
	seed = 20260610;
	for (size_t i = 0; i < LISTS; i++) {
		draw_scene(&s, i);
		load_device(w, &s);
		for (size_t j = 0; j < ARRAY_SIZE(WHO); j++)
			if (can_be(s.life, WHO[j].channel))
				compare(w, &s, i, &WHO[j], &tally[s.life]);
	}
	/* The comparison has seen both answers often enough to mean something. */
	for (enum life life = 0; life < LIVES; life++) {
		print_message("%-10s %7zu decisions, %6zu granted, %4zu in part\n",
			      LIFE_NAMES[life], tally[life].asked, tally[life].granted,
			      tally[life].partly);
		assert_true(tally[life].asked > 10000);
		assert_true(life == RESETTING ? tally[life].granted == 0
					      : tally[life].granted > 2000);
		assert_true(tally[life].granted < tally[life].asked / 5 * 4);
	}
	world_free(w);
}

/* With nothing in the list the built-in rules alone decide: all of the product once more. */
static void access_decide__agrees_with_the_text_without_a_list(void **state)
{
	struct world *w = world_new();
	struct tally tally = {0};

	(void)state;
	for (enum life life = 0; life < LIVES; life++) {
		const struct scene s = {.life = life, .trusted = true};

		load_device(w, &s);
		for (size_t j = 0; j < ARRAY_SIZE(WHO); j++)
			if (can_be(life, WHO[j].channel))
				compare(w, &s, 0, &WHO[j], &tally);
	}
	assert_true(tally.granted > 0 && tally.partly > 0);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_decide__agrees_with_the_text_without_a_list),
		cmocka_unit_test(access_decide__agrees_with_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
