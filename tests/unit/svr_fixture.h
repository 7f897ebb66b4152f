/* tests/unit/svr_fixture.h - a device with a disk, driven by requests in readable form. */
#pragma once

#include <stdio.h>

#include "test.h"

#include "base/parse.h"
#include "codec/cbw.h"
#include "svr/device.h"
#include "svr/svr.h"

#define OBT   "b0b00000-0000-4000-8000-000000000001"
#define OTHER "0c0c0c0c-0000-4000-8000-00000000000c"
#define FINAL "a71c3000-0000-4000-8000-000000000002"
#define NIL   "00000000-0000-0000-0000-000000000000"

enum { CLEAR = 0, DOC = 7, LATER = 8, STRANGER = 9 }; /* sessions */

struct world {
	struct device_info info;
	struct svr_env env;
	uint64_t rng;
	struct device *dev;
	struct buf disk;
	struct buf body;
	struct svr_out out; /* of the last call; staged is committed already */
	size_t stores_left; /* then the power goes: SIZE_MAX never */
	unsigned format;    /* of the record that is written */
	bool no_power;
	int certs_error;   /* of the next calls into svr_certs */
	size_t csr_length; /* of a request, at least */
	int owner_key_error;
	char owner_key_label[32];
	struct uuid owner_key_obt, owner_key_device;
};

/* ---- CBOR diagnostic notation: {}, [], "text", h'hex', integers, true, false, null ---- */

static inline void diag_text(struct buf *b, const char **p)
{
	const char *end = strchr(*p + 1, '"');

	assert_non_null(end);
	cbw_text(b, span_of(*p + 1, (size_t)(end - *p) - 1));
	*p = end + 1;
}

static inline void diag_hex(struct buf *b, const char **p)
{
	const char *end = strchr(*p + 2, '\'');
	uint8_t octets[256];
	size_t n;

	assert_non_null(end);
	n = (size_t)(end - *p - 2) / 2;
	assert_true(n <= sizeof(octets) && hex_decode(span_of(*p + 2, 2 * n), octets, n));
	cbw_bytes(b, span_of(octets, n));
	*p = end + 1;
}

static inline bool diag_word(const char **p, const char *word)
{
	bool is = strncmp(*p, word, strlen(word)) == 0;

	*p += is ? strlen(word) : 0;
	return is;
}

static inline int64_t diag_int(const char **p)
{
	char *end;
	long long v = strtoll(*p, &end, 10);

	assert_ptr_not_equal(end, *p);
	*p = end;
	return v;
}

/* All containers of indefinite length, as the recorded peers write them. */
static inline void diag(struct buf *b, const char *text)
{
	for (const char *p = text; *p;) {
		if (strchr(" ,:", *p))
			p++;
		else if (*p == '{')
			cbw_map(b), p++;
		else if (*p == '[')
			cbw_array(b), p++;
		else if (*p == '}' || *p == ']')
			cbw_end(b), p++;
		else if (*p == '"')
			diag_text(b, &p);
		else if (*p == 'h')
			diag_hex(b, &p);
		else if (diag_word(&p, "true"))
			cbw_bool(b, true);
		else if (diag_word(&p, "false"))
			cbw_bool(b, false);
		else if (diag_word(&p, "null"))
			cbw_null(b);
		else
			cbw_int(b, diag_int(&p));
	}
	assert_true(buf_ok(b));
}

/* ---- the world ---- */

static inline void fake_random(void *ctx, void *ret, size_t len)
{
	struct world *w = ctx;

	for (size_t i = 0; i < len; i++) {
		w->rng = w->rng * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)ret)[i] = (uint8_t)(w->rng >> 40);
	}
}

static inline int fake_owner_key(void *ctx, uint64_t session, const char *label,
				 const struct uuid *obt, const struct uuid *device, uint8_t ret[16])
{
	struct world *w = ctx;

	assert_int_equal(session, DOC);
	strcpy(w->owner_key_label, label);
	w->owner_key_obt = *obt;
	w->owner_key_device = *device;
	memset(ret, 0xc0, 16);
	return w->owner_key_error;
}

/* ---- certificates are lines of text: what the device asks of them, they say ----
 *	"ca name=root", "cert ca=root key=own cn=<uuid> role=r authority=a sn=1 from=0 until=9",
 *	"crl ca=root made=1 revokes=1"; times in seconds. */

#define KEY_OWN "own"

static inline bool cert_word(struct span pem, const char *name, char ret[64])
{
	char key[32];
	const uint8_t *at;
	size_t n = 0;

	(void)snprintf(key, sizeof(key), " %s=", name);
	at = pem.len ? memmem(pem.ptr, pem.len, key, strlen(key)) : NULL;
	if (!at)
		return false;
	for (at += strlen(key); at < pem.ptr + pem.len && !strchr(" \n", *at); at++)
		ret[n++] = (char)*at;
	ret[n] = '\0';
	return true;
}

static inline uint64_t cert_time(struct span pem, const char *name, uint64_t missing)
{
	char text[64];

	return cert_word(pem, name, text) ? strtoull(text, NULL, 10) * 1000000 : missing;
}

static inline int cert_fault(void *ctx, struct span pem, const char *kind, const char **ret_why)
{
	struct world *w = ctx;

	*ret_why = "not one of these";
	if (w->certs_error)
		return w->certs_error;
	return span_starts(pem, kind) ? 0 : -EBADMSG;
}

static inline int fake_key_new(void *ctx, struct secret *ret)
{
	struct world *w = ctx;

	fake_random(ctx, ret->b, 32);
	ret->len = 32;
	return w->certs_error;
}

static inline int fake_csr(void *ctx, const struct secret *key, const struct uuid *subject,
			   struct buf *ret_pem)
{
	struct world *w = ctx;
	char cn[UUID_TEXT + 1];

	uuid_format(subject, cn);
	buf_printf(ret_pem, "csr cn=%s key=%02x%02x nonce=%u", cn, key->b[0], key->b[31],
		   (unsigned)w->rng++);
	while (ret_pem->len < w->csr_length && buf_ok(ret_pem))
		buf_put_byte(ret_pem, '\n');
	return w->certs_error;
}

static inline int fake_leaf(void *ctx, struct span pem, const struct secret *key,
			    struct svr_leaf *ret, const char **ret_why)
{
	char text[64];
	int r = cert_fault(ctx, pem, "cert ", ret_why);

	if (r < 0)
		return r;
	*ret = (struct svr_leaf){.from_us = cert_time(pem, "from", 0),
				 .until_us = cert_time(pem, "until", UINT64_MAX) - 1};
	ret->has_uuid = cert_word(pem, "cn", text) && uuid_parse(span_str(text), &ret->uuid);
	assert_true(cert_word(pem, "key", text));
	memset(ret->key, text[0], sizeof(ret->key));
	ret->is_own = key->len == 32 && strcmp(text, KEY_OWN) == 0;
	ret->has_role = cert_word(pem, "role", ret->role);
	(void)!cert_word(pem, "authority", ret->authority);
	return 0;
}

static inline int fake_anchor(void *ctx, struct span pem, const char **ret_why)
{
	return cert_fault(ctx, pem, "ca ", ret_why);
}

static inline bool has_anchor(const struct device *dev, const struct svr_wall *wall,
			      struct span pem)
{
	const struct uuid *subject;
	char ca[64], name[64];
	struct span anchor;

	assert_true(cert_word(pem, "ca", ca));
	for (size_t i = 0; svr_anchor(dev, wall, &i, &anchor, &subject); i++)
		if (cert_word(anchor, "name", name) && strcmp(ca, name) == 0)
			return true;
	return false;
}

static inline int fake_role(void *ctx, const struct device *dev, const struct svr_wall *wall,
			    struct span pem, const char **ret_why)
{
	char sn[64], revoked[64];
	int r = cert_fault(ctx, pem, "cert ", ret_why);

	if (r < 0)
		return r;
	if (!has_anchor(dev, wall, pem) || !cert_word(pem, "role", sn) ||
	    wall->us < cert_time(pem, "from", 0) || wall->us >= cert_time(pem, "until", UINT64_MAX))
		return -EBADMSG;
	return cert_word(pem, "sn", sn) && cert_word(svr_crl(dev), "revokes", revoked) &&
			       strcmp(sn, revoked) == 0
		       ? -EBADMSG
		       : 0;
}

static inline int fake_crl(void *ctx, const struct device *dev, const struct svr_wall *wall,
			   struct span der, uint64_t *ret_made_us, const char **ret_why)
{
	int r = cert_fault(ctx, der, "crl ", ret_why);

	if (r < 0)
		return r;
	if (!has_anchor(dev, wall, der))
		return -EBADMSG;
	*ret_made_us = cert_time(der, "made", 0);
	return 0;
}

static const struct svr_certs FAKE_CERTS = {.key_new = fake_key_new,
					    .csr = fake_csr,
					    .leaf = fake_leaf,
					    .anchor = fake_anchor,
					    .role = fake_role,
					    .crl = fake_crl};

static inline void world_store(struct world *w)
{
	buf_reset(&w->disk);
	svr_record_write(w->out.staged, w->format, &w->disk);
	assert_true(buf_ok(&w->disk));
}

/* What the daemon does with an answer. */
static inline void world_commit(struct world *w)
{
	if (w->out.staged && w->out.store && w->stores_left == 0) {
		w->no_power = true;
		w->out.staged = device_free(w->out.staged);
	}
	if (!w->out.staged)
		return;
	if (w->out.store) {
		w->stores_left -= w->stores_left != SIZE_MAX;
		world_store(w);
	}
	(void)device_free(w->dev);
	w->dev = w->out.staged;
	w->out.staged = NULL;
}

/* (Re)starts the device from its disk. Returns the reason of a repair, or NULL. */
static inline const char *world_start(struct world *w)
{
	const char *why;

	w->dev = device_free(w->dev);
	w->stores_left = SIZE_MAX;
	w->no_power = false;
	assert_int_equal(svr_start(&w->dev, &w->info, buf_span(&w->disk), &w->env, &why), 0);
	return why;
}

static inline struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->format = SVR_RECORD_NEWEST;
	w->info = (struct device_info){
		.name = "Gateway",
		.manufacturer = "ACME",
		.model = "G1",
		.device_type = "oic.d.gateway",
		.firmware_version = "1.2.3",
		.piid = {{1}},
		.pi = {              {2}  },
		.oxms = { OXM_JUST_WORKS,   OXM_RANDOM_PIN},
		.n_oxms = 2
        };
	w->env = (struct svr_env){
		.now_us = 1000000,
		.wall = {.us = UINT64_C(1700000000000000), .trusted = true},
		.certs = &FAKE_CERTS,
		.random = fake_random,
		.owner_key = fake_owner_key,
		.ctx = w
        };
	w->body = BUF_INIT(REQ_ANSWER_MAX);
	w->disk = BUF_INIT(SVR_RECORD_MAX);
	w->out.body = &w->body;
	assert_null(world_start(w));
	return w;
}

static inline void world_free(struct world *w)
{
	(void)device_free(w->dev);
	buf_done(&w->disk);
	buf_done(&w->body);
	free(w);
}

static inline struct uuid uuid_of(const char *text)
{
	struct uuid uuid;

	assert_true(uuid_parse(span_str(text), &uuid));
	return uuid;
}

struct ask {
	enum method method;
	const char *uri;      /* "/oic/sec/doxm?owned=false" */
	uint64_t session;     /* CLEAR, DOC ... */
	const char *peer;     /* NULL: unknown */
	const char *key;      /* of a certificate session; NULL: none */
	const uint8_t *point; /* the same as a real point */
	const char *diag;     /* body; NULL: none */
	struct span raw;      /* body as it is, if diag is NULL */
	bool multicast;
	uint32_t format, accept; /* 0: none */
	enum asked asked;
};

static inline enum verdict world_ask(struct world *w, const struct ask *a)
{
	struct buf body = BUF_INIT((size_t)1024 * 1024);
	struct span query = span_str(a->uri);
	uint8_t key[64];
	struct req req = {
		.method = a->method,
		.path = span_cut(&query, '?'),
		.content_format = a->format ? a->format : CF_NONE,
		.accept = a->accept ? a->accept : CF_NONE,
		.multicast = a->multicast,
		.session = a->session,
		.asked = a->asked,
		.has_peer = a->peer != NULL,
		.peer = a->peer ? uuid_of(a->peer) : (struct uuid){{0}},
		.ep_coap = SPAN_LIT("coap://[fd77::2]:36540"),
		.ep_coaps = SPAN_LIT("coaps://[fd77::2]:48115"),
	};

	memset(key, a->key ? a->key[0] : 0, sizeof(key));
	if (a->key)
		req.peer_key = span_of(key, sizeof(key));
	if (a->point)
		req.peer_key = span_of(a->point, 64);
	while (query.ptr)
		req.query[req.n_query++] = span_cut(&query, '&');
	if (a->diag)
		diag(&body, a->diag);
	req.body = a->diag ? buf_span(&body) : a->raw;
	svr_handle(w->dev, &req, &w->env, &w->out);
	if (w->out.verdict == V_IGNORE || w->out.verdict >= V_BAD_REQUEST) {
		assert_null(w->out.staged);
		assert_false(w->out.store);
		assert_int_equal(w->out.effects, 0);
		assert_int_equal(w->body.len, 0);
	}
	world_commit(w);
	buf_done(&body);
	return w->out.verdict;
}

static inline enum verdict get(struct world *w, uint64_t session, const char *peer, const char *uri)
{
	return world_ask(w, &(struct ask){.uri = uri, .session = session, .peer = peer});
}

static inline enum verdict post(struct world *w, uint64_t session, const char *peer,
				const char *uri, const char *body)
{
	return world_ask(
		w, &(struct ask){M_POST, uri, .session = session, .peer = peer, .diag = body});
}

static inline enum verdict del(struct world *w, uint64_t session, const char *peer, const char *uri)
{
	return world_ask(w, &(struct ask){M_DELETE, uri, .session = session, .peer = peer});
}

static inline enum verdict multicast(struct world *w, const char *uri)
{
	return world_ask(w, &(struct ask){.uri = uri, .multicast = true});
}

static inline enum verdict world_event(struct world *w, enum svr_event event, uint64_t session)
{
	svr_event(w->dev, event, session, &w->env, &w->out);
	world_commit(w);
	return w->out.verdict;
}

/* The last answer is exactly this. */
static inline void expect_body(struct world *w, const char *text)
{
	struct buf want = BUF_INIT(REQ_BODY_MAX);

	diag(&want, text);
	assert_int_equal(w->body.len, want.len);
	assert_memory_equal(w->body.ptr, want.ptr, want.len);
	buf_done(&want);
}

/* The last answer holds these octets of CBOR: a name and its value, say. */
static inline bool body_has(const struct world *w, const char *text)
{
	struct buf want = BUF_INIT(REQ_BODY_MAX);
	bool found;

	diag(&want, text);
	found = memmem(w->body.ptr, w->body.len, want.ptr, want.len) != NULL;
	buf_done(&want);
	return found;
}

static inline const struct acl *acl_of(const struct world *w)
{
	return aclist_acl(w->dev->acl);
}

static inline void expect_uuid(const struct uuid *uuid, const char *text)
{
	char got[UUID_TEXT + 1];

	uuid_format(uuid, got);
	assert_string_equal(got, text);
}

/* ---- stations of an owner transfer ---- */

#define OWNER_KEY_BODY                                                                             \
	"{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OBT                                       \
	"\",\"privatedata\":{\"encoding\":\"oic.sec.encoding.raw\",\"data\":h''}}],"               \
	"\"rowneruuid\":\"" OBT "\"}"

static inline void to_doc(struct world *w)
{
	assert_int_equal(post(w, CLEAR, NULL, "/oic/sec/doxm", "{\"oxmsel\":0}"), V_CHANGED);
	assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
	assert_int_equal(device_doc(w->dev), DOC);
}

static inline void to_owned(struct world *w)
{
	static const char *const STEPS[][2] = {
		{"/oic/sec/pstat", "{\"om\":4}"                    },
		{"/oic/sec/doxm",  "{\"devowneruuid\":\"" OBT "\"}"},
		{"/oic/sec/doxm",  "{\"deviceuuid\":\"" FINAL "\"}"},
		{"/oic/sec/doxm",  "{\"rowneruuid\":\"" OBT "\"}"  },
		{"/oic/sec/acl2",  "{\"rowneruuid\":\"" OBT "\"}"  },
		{"/oic/sec/pstat", "{\"rowneruuid\":\"" OBT "\"}"  },
		{"/oic/sec/cred",  OWNER_KEY_BODY                  },
		{"/oic/sec/doxm",  "{\"owned\":true}"              },
	};

	to_doc(w);
	for (size_t i = 0; i < ARRAY_SIZE(STEPS); i++)
		if (post(w, DOC, NULL, STEPS[i][0], STEPS[i][1]) != V_CHANGED)
			fail_msg("%s %s: %s", STEPS[i][0], STEPS[i][1], w->out.why);
}

static inline void to_state(struct world *w, enum dos to)
{
	static const char *const CHANGE[] = {"{\"dos\":{\"s\":0}}", NULL, "{\"dos\":{\"s\":2}}",
					     "{\"dos\":{\"s\":3}}", "{\"dos\":{\"s\":4}}"};

	assert_non_null(CHANGE[to]);
	assert_int_equal(post(w, DOC, OBT, "/oic/sec/pstat", CHANGE[to]), V_CHANGED);
	assert_int_equal(device_dos(w->dev), to);
}

/* An owned device in RFPRO, RFNOP or SRESET; the DOC is closed. */
static inline void to_provisioned(struct world *w, enum dos to)
{
	to_owned(w);
	to_state(w, DOS_RFPRO);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	if (to != DOS_RFPRO)
		to_state(w, to);
}

/* The owner may read and write `href`; in RFPRO. */
static inline void grant(struct world *w, const char *href)
{
	char body[256];

	(void)snprintf(body, sizeof(body),
		       "{\"aclist2\":[{\"subject\":{\"uuid\":\"" OBT
		       "\"},\"resources\":[{\"href\":\"%s\"}],\"permission\":6}]}",
		       href);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2", body), V_CHANGED);
}
