#include "svr/cred.h"

#include "codec/b64.h"
#include "codec/cbw.h"
#include "svr/rep.h"

#define CREDTYPE_PAIRWISE 1
#define ENCODING_RAW      "oic.sec.encoding.raw"
#define ENCODING_BASE64   "oic.sec.encoding.base64"
#define KEY_TEXT_MAX      ((size_t)44) /* base64 of KEY_LONG */

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 4, .items = 24 * CREDS_MAX, .text = 128};

enum { MEMBER_CREDID = 1, MEMBER_CREDTYPE = 2, MEMBER_SUBJECT = 4, MEMBER_PRIVATE = 8 };
#define MEMBERS_REQUIRED (MEMBER_CREDTYPE | MEMBER_SUBJECT | MEMBER_PRIVATE)

void cred_update_wipe(struct cred_update *u)
{
	explicit_bzero(u, sizeof(*u));
}

/* The standard alphabet with padding (RFC 4648 4), by way of the URL one. */
static bool key_from_base64(struct span text, struct secret *ret)
{
	char url[KEY_TEXT_MAX];
	struct buf key = {.max = KEY_LONG, .secret = true};
	bool ok;

	if (text.len > sizeof(url) || text.len % 4 != 0)
		return false;
	for (size_t pad = 0; pad < 2 && text.len && text.ptr[text.len - 1] == '='; pad++)
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.ptr[i];

		if (c == '-' || c == '_')
			return false;
		url[i] = c;
		if (c == '+')
			url[i] = '-';
		else if (c == '/')
			url[i] = '_';
	}
	ok = b64_decode(span_of(url, text.len), &key) == 0 && secret_set(ret, buf_span(&key));
	buf_done(&key);
	explicit_bzero(url, sizeof(url));
	return ok;
}

/* No octets, in whatever form, ask for the owner credential: CR 2868. */
static bool key_from(struct span encoding, enum cbr_type type, struct span data, struct secret *ret)
{
	const bool raw = span_is(encoding, ENCODING_RAW);
	const bool base64 = span_is(encoding, ENCODING_BASE64);

	if (data.len == 0)
		return encoding.ptr == NULL || raw || base64;
	if (raw && type == CBR_BYTES) {
		if (!secret_set(ret, data))
			return false;
	} else if (!base64 || type != CBR_TEXT || !key_from_base64(data, ret)) {
		return false;
	}
	return ret->len == KEY_SHORT || ret->len == KEY_LONG;
}

static void read_private(struct cbr *c, struct secret *ret)
{
	struct span key, data = {0}, encoding = {0};
	enum cbr_type type = CBR_NONE;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (span_is(key, "data")) {
			cbr_once(c, &seen, 1);
			type = cbr_peek(c);
			data = type == CBR_BYTES ? cbr_bytes(c) : cbr_text(c);
		} else if (span_is(key, "encoding")) {
			cbr_once(c, &seen, 2);
			encoding = cbr_text(c);
		} else { /* "handle" is for keys in hardware */
			cbr_fail(c, CBR_VALUE);
		}
	}
	if (!key_from(encoding, type, data, ret))
		cbr_fail(c, CBR_VALUE);
}

/* True for a credential, false for the empty map, which deployed tools send and skip. */
static bool read_cred(struct cbr *c, struct cred *ret)
{
	struct cred cred = {.credid = NO_CREDID};
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (span_is(key, "credid")) {
			cbr_once(c, &seen, MEMBER_CREDID);
			cred.credid = (uint32_t)cbr_uint(c, ID_MAX);
		} else if (span_is(key, "credtype")) {
			cbr_once(c, &seen, MEMBER_CREDTYPE);
			if (cbr_uint(c, UINT16_MAX) != CREDTYPE_PAIRWISE)
				cbr_fail(c, CBR_VALUE);
		} else if (span_is(key, "subjectuuid")) {
			cbr_once(c, &seen, MEMBER_SUBJECT);
			cred.subject = rep_uuid(c);
			if (uuid_is_nil(&cred.subject))
				cbr_fail(c, CBR_VALUE);
		} else if (span_is(key, "privatedata")) {
			cbr_once(c, &seen, MEMBER_PRIVATE);
			read_private(c, &cred.key);
		} else { /* certificates, roles and periods are not supported: no silent loss */
			cbr_fail(c, CBR_VALUE);
		}
	}
	if (seen && (seen & MEMBERS_REQUIRED) != MEMBERS_REQUIRED)
		cbr_fail(c, CBR_VALUE);
	*ret = cred;
	secret_wipe(&cred.key);
	return seen != 0;
}

static void read_creds(struct cbr *c, struct cred_update *u)
{
	struct cred cred = {0};

	cbr_array(c);
	while (cbr_more(c)) {
		if (!read_cred(c, &cred))
			continue;
		if (u->n_creds == CREDS_MAX)
			cbr_fail(c, CBR_LIMIT);
		else
			u->creds[u->n_creds++] = cred;
	}
	secret_wipe(&cred.key);
}

void cred_rep_read(struct cbr *c, struct cred_update *ret)
{
	struct span key;

	*ret = (struct cred_update){0};
	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (span_is(key, "creds")) {
			rep_seen(c, &ret->seen, CRED_CREDS);
			read_creds(c, ret);
		} else if (span_is(key, "rowneruuid")) {
			rep_seen(c, &ret->seen, CRED_ROWNERUUID);
			ret->rowneruuid = rep_uuid(c);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
}

bool cred_rep_parse(struct span body, struct cred_update *ret)
{
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	cred_rep_read(&c, ret);
	if (cbr_close(&c) == CBR_OK)
		return true;
	cred_update_wipe(ret);
	return false;
}

void cred_rep_write(const struct cred *cred, bool with_key, struct buf *b)
{
	cbw_map(b);
	cbw_kv_uint(b, "credid", cred->credid);
	cbw_kv_uint(b, "credtype", CREDTYPE_PAIRWISE);
	cbw_kv_uuid(b, "subjectuuid", &cred->subject);
	cbw_str(b, "privatedata");
	cbw_map(b);
	cbw_str(b, "data");
	cbw_bytes(b, with_key ? secret_span(&cred->key) : span_of(NULL, 0));
	cbw_kv_str(b, "encoding", ENCODING_RAW);
	cbw_end(b);
	cbw_end(b);
}
