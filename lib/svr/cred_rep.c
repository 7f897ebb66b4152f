#include "svr/cred.h"

#include "codec/b64.h"
#include "codec/cbw.h"
#include "svr/period.h"

enum credtype { CREDTYPE_PAIRWISE = 1, CREDTYPE_CERTIFICATE = 8 };

static const struct cbr_limits LIMITS = {
	.bytes = REQ_BODY_MAX, .depth = 4, .items = 48 * CREDS_MAX, .text = CRED_PUBLIC_MAX};

static const char *const ENCODINGS[] = {
	[ENCODING_RAW] = "oic.sec.encoding.raw",
	[ENCODING_BASE64] = "oic.sec.encoding.base64",
	[ENCODING_PEM] = "oic.sec.encoding.pem",
	[ENCODING_HANDLE] = "oic.sec.encoding.handle",
};

static const char *const USAGES[] = {
	[USAGE_TRUSTCA] = "oic.sec.cred.trustca",   [USAGE_CERT] = "oic.sec.cred.cert",
	[USAGE_ROLECERT] = "oic.sec.cred.rolecert", [USAGE_MFGTRUSTCA] = "oic.sec.cred.mfgtrustca",
	[USAGE_MFGCERT] = "oic.sec.cred.mfgcert",
};

/* How the peers may renew it: informational. */
static const char *const CRMS[] = {
	"oic.sec.crm.pro",  "oic.sec.crm.psk",  "oic.sec.crm.rdp",
	"oic.sec.crm.skdc", "oic.sec.crm.pk10",
};

/* One entry as it is read: what is in it can be judged at its end only. */
struct draft {
	struct cred *cred;
	unsigned seen; /* bits of MEMBERS */
	uint64_t type;
	struct {
		enum encoding encoding;
		enum cbr_type type;
		struct span data;
		bool has_handle;
	} private;
	const char *why;
};

void cred_update_wipe(struct cred_update *u)
{
	explicit_bzero(u, sizeof(*u));
}

static void not_supported(struct cbr *c, struct draft *d, const char *why)
{
	if (!d->why)
		d->why = why;
	cbr_fail(c, CBR_VALUE);
}

/* Index of a name in a table, whose first is 1 where 0 means none; 0, with an error: unknown. */
static size_t read_name(struct cbr *c, const char *const *names, size_t n)
{
	struct span name = cbr_text(c);

	for (size_t i = 0; i < n; i++)
		if (names[i] && span_is(name, names[i]))
			return i;
	cbr_fail(c, CBR_VALUE);
	return 0;
}

static enum encoding read_encoding(struct cbr *c)
{
	return (enum encoding)read_name(c, ENCODINGS, ARRAY_SIZE(ENCODINGS));
}

static struct span read_data(struct cbr *c, enum cbr_type *ret_type)
{
	*ret_type = cbr_peek(c);
	return *ret_type == CBR_BYTES ? cbr_bytes(c) : cbr_text(c);
}

static void read_credid(struct cbr *c, struct draft *d)
{
	d->cred->credid = (uint32_t)cbr_uint(c, ID_MAX);
}

static void read_credtype(struct cbr *c, struct draft *d)
{
	d->type = cbr_uint(c, UINT16_MAX);
	if (d->type != CREDTYPE_PAIRWISE && d->type != CREDTYPE_CERTIFICATE)
		not_supported(c, d, "only pairwise keys and certificates are supported");
}

static void read_subject(struct cbr *c, struct draft *d)
{
	struct span text = cbr_text(c);

	d->cred->any = span_is(text, "*");
	if (!d->cred->any &&
	    (!uuid_parse(text, &d->cred->subject) || uuid_is_nil(&d->cred->subject)))
		cbr_fail(c, CBR_VALUE);
}

static void read_usage(struct cbr *c, struct draft *d)
{
	d->cred->usage = (enum credusage)read_name(c, USAGES, ARRAY_SIZE(USAGES));
}

static void read_private(struct cbr *c, struct draft *d)
{
	struct span key;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "data", &seen, 1)) {
			d->private.data = read_data(c, &d->private.type);
		} else if (cbr_member(c, key, "encoding", &seen, 2)) {
			d->private.encoding = read_encoding(c);
		} else if (cbr_member(c, key, "handle", &seen, 4)) {
			(void)cbr_uint(c, UINT32_MAX); /* there is one key that it can mean */
			d->private.has_handle = true;
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
}

static bool is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] < ' ' || text.ptr[i] > '~') && !strchr("\t\r\n", text.ptr[i]))
			return false;
	return text.len > 0 && memchr(text.ptr, 0, text.len) == NULL;
}

static void read_public(struct cbr *c, struct draft *d)
{
	enum encoding encoding = ENCODING_NONE;
	struct span key;
	enum cbr_type type;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "data", &seen, 1))
			d->cred->public = read_data(c, &type);
		else if (cbr_member(c, key, "encoding", &seen, 2))
			encoding = read_encoding(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (encoding != ENCODING_PEM || !is_printable(d->cred->public))
		not_supported(c, d, "certificates are taken as PEM only");
}

static void read_optional(struct cbr *c, struct draft *d)
{
	struct cred *cred = d->cred;
	struct span key;
	enum cbr_type type = CBR_TEXT;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "revstat", &seen, 1))
			cred->revoked = cbr_bool(c);
		else if (cbr_member(c, key, "data", &seen, 2))
			cred->optional = read_data(c, &type);
		else if (cbr_member(c, key, "encoding", &seen, 4))
			cred->optional_encoding = read_encoding(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (!(seen & 1) || cred->optional_encoding == ENCODING_HANDLE ||
	    (cred->optional.len && cred->optional_encoding == ENCODING_NONE) ||
	    (cred->optional.len &&
	     (type == CBR_BYTES) != (cred->optional_encoding == ENCODING_RAW)))
		cbr_fail(c, CBR_VALUE);
	cred->has_optional = true;
}

static struct span read_role_text(struct cbr *c)
{
	struct span text = cbr_text(c);

	if (text.len > CRED_ROLE_MAX)
		cbr_fail(c, CBR_LIMIT);
	if (text.len && memchr(text.ptr, 0, text.len))
		cbr_fail(c, CBR_VALUE);
	return text;
}

static void read_roleid(struct cbr *c, struct draft *d)
{
	struct span key;
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "role", &seen, 1))
			d->cred->role = read_role_text(c);
		else if (cbr_member(c, key, "authority", &seen, 2))
			d->cred->authority = read_role_text(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
	if (d->cred->role.len == 0)
		cbr_fail(c, CBR_VALUE);
}

static void read_period(struct cbr *c, struct draft *d)
{
	struct period period;

	d->cred->period = cbr_text(c);
	if (d->cred->period.len > CRED_PERIOD_MAX || !period_parse(d->cred->period, &period))
		not_supported(c, d, "malformed period");
}

static void read_crms(struct cbr *c, struct draft *d)
{
	cbr_array(c);
	while (cbr_more(c))
		cbr_once(c, &d->cred->crms, 1u << read_name(c, CRMS, ARRAY_SIZE(CRMS)));
}

static void read_oscore(struct cbr *c, struct draft *d)
{
	not_supported(c, d, "OSCORE is not supported");
}

enum { CREDID, CREDTYPE, SUBJECT, USAGE, PRIVATE, PUBLIC, OPTIONAL, ROLEID, PERIOD, CRM, OSCORE };

static const struct {
	const char *name;
	void (*read)(struct cbr *c, struct draft *d);
} MEMBERS[] = {
	[CREDID] = {"credid",       read_credid  },
          [CREDTYPE] = {"credtype",     read_credtype},
	[SUBJECT] = {"subjectuuid",  read_subject },
          [USAGE] = {"credusage",    read_usage   },
	[PRIVATE] = {"privatedata",  read_private },
          [PUBLIC] = {"publicdata",   read_public  },
	[OPTIONAL] = {"optionaldata", read_optional},
          [ROLEID] = {"roleid",       read_roleid  },
	[PERIOD] = {"period",       read_period  },
          [CRM] = {"crms",         read_crms    },
	[OSCORE] = {"oscore",       read_oscore  },
};
#define BIT(member) (1u << (member))

/* No octets, in whatever form, ask for the owner credential: CR 2868. */
static bool key_from(const struct draft *d, struct secret *ret)
{
	struct buf key = {.max = KEY_LONG, .secret = true};
	const bool raw = d->private.encoding == ENCODING_RAW;
	const bool base64 = d->private.encoding == ENCODING_BASE64;
	bool ok;

	if (d->private.data.len == 0)
		return d->private.encoding == ENCODING_NONE || raw || base64;
	if (raw && d->private.type == CBR_BYTES)
		ok = secret_set(ret, d->private.data);
	else
		ok = base64 && d->private.type == CBR_TEXT &&
		     b64_decode_padded(d->private.data, &key) == 0 &&
		     secret_set(ret, buf_span(&key));
	buf_done(&key);
	return ok && (ret->len == KEY_SHORT || ret->len == KEY_LONG);
}

static void check_pairwise(struct cbr *c, struct draft *d)
{
	const unsigned required = BIT(SUBJECT) | BIT(PRIVATE);

	if ((d->seen & required) != required || d->cred->any ||
	    d->seen & (BIT(USAGE) | BIT(PUBLIC) | BIT(OPTIONAL)))
		cbr_fail(c, CBR_VALUE);
	if (d->private.has_handle || d->private.encoding == ENCODING_HANDLE)
		not_supported(c, d, "pairwise keys are not kept in hardware");
	if (span_starts(d->cred->role, ROLE_RESERVED))
		not_supported(c, d, "roles of the standard are asserted by certificate only");
	if (!key_from(d, &d->cred->key))
		cbr_fail(c, CBR_VALUE);
}

static void check_certificate(struct cbr *c, enum cred_form form, struct draft *d)
{
	const unsigned required =
		BIT(USAGE) | BIT(PUBLIC) | (form == CRED_ENTRY ? BIT(SUBJECT) : 0);

	if ((d->seen & required) != required ||
	    (d->seen & BIT(ROLEID) && d->cred->usage != USAGE_ROLECERT))
		cbr_fail(c, CBR_VALUE);
	if (d->private.data.len)
		not_supported(c, d, "the device makes the private keys of its certificates");
	if (d->private.has_handle && d->private.encoding != ENCODING_HANDLE)
		cbr_fail(c, CBR_VALUE);
}

static void read_member(struct cbr *c, struct span key, struct draft *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++)
		if (span_is(key, MEMBERS[i].name)) {
			cbr_once(c, &d->seen, BIT(i));
			MEMBERS[i].read(c, d);
			return;
		}
	cbr_fail(c, CBR_VALUE); /* no silent loss */
}

bool cred_rep_read_one(struct cbr *c, enum cred_form form, struct cred *ret, const char **ret_why)
{
	struct cred cred = {.credid = NO_CREDID};
	struct draft d = {.cred = &cred};
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key))
		read_member(c, key, &d);
	if (d.seen && d.type == CREDTYPE_CERTIFICATE)
		check_certificate(c, form, &d);
	else if (d.seen)
		check_pairwise(c, &d);
	if (d.seen && !(d.seen & BIT(CREDTYPE)))
		cbr_fail(c, CBR_VALUE);
	*ret = cred;
	*ret_why = d.why;
	secret_wipe(&cred.key);
	return d.seen != 0;
}

static void read_creds(struct cbr *c, struct cred_update *u)
{
	struct cred cred = {0};

	cbr_array(c);
	while (cbr_more(c)) {
		if (!cred_rep_read_one(c, CRED_ENTRY, &cred, &u->why))
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
		if (cbr_member(c, key, "creds", &ret->seen, PROP_BIT(CRED_CREDS)))
			read_creds(c, ret);
		else if (cbr_member(c, key, "rowneruuid", &ret->seen, PROP_BIT(CRED_ROWNERUUID)))
			ret->rowneruuid = cbr_uuid(c);
		else
			cbr_fail(c, CBR_VALUE);
	}
}

bool cred_rep_parse(struct span body, struct cred_update *ret)
{
	const char *why;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	cred_rep_read(&c, ret);
	if (cbr_close(&c) == CBR_OK)
		return true;
	why = ret->why;
	cred_update_wipe(ret);
	ret->why = why;
	return false;
}

/* A map of octets or text with their encoding, without its end. */
static void write_data(struct buf *b, const char *name, struct span data, enum encoding encoding)
{
	cbw_str(b, name);
	cbw_map(b);
	if (encoding == ENCODING_NONE)
		return;
	cbw_str(b, "data");
	if (encoding == ENCODING_RAW)
		cbw_bytes(b, data);
	else
		cbw_text(b, data);
	cbw_kv_str(b, "encoding", ENCODINGS[encoding]);
}

static bool has_private(const struct cred *cred)
{
	return cred->usage != USAGE_TRUSTCA && cred->usage != USAGE_MFGTRUSTCA;
}

static void write_certificate(const struct cred *cred, struct buf *b)
{
	write_data(b, "publicdata", cred->public, ENCODING_PEM);
	cbw_end(b);
	if (!cred->has_optional)
		return;
	write_data(b, "optionaldata", cred->optional, cred->optional_encoding);
	cbw_kv_bool(b, "revstat", cred->revoked);
	cbw_end(b);
}

static void write_roleid(const struct cred *cred, struct buf *b)
{
	cbw_str(b, "roleid");
	cbw_map(b);
	cbw_kv_text(b, "role", cred->role);
	if (cred->authority.len)
		cbw_kv_text(b, "authority", cred->authority);
	cbw_end(b);
}

static void write_crms(const struct cred *cred, struct buf *b)
{
	cbw_str(b, "crms");
	cbw_array(b);
	for (size_t i = 0; i < ARRAY_SIZE(CRMS); i++)
		if (cred->crms & (1u << i))
			cbw_str(b, CRMS[i]);
	cbw_end(b);
}

void cred_rep_write(const struct cred *cred, bool with_key, struct buf *b)
{
	const bool pairwise = cred->usage == USAGE_NONE;

	cbw_map(b);
	cbw_kv_uint(b, "credid", cred->credid);
	cbw_kv_uint(b, "credtype", pairwise ? CREDTYPE_PAIRWISE : CREDTYPE_CERTIFICATE);
	if (cred->any)
		cbw_kv_str(b, "subjectuuid", "*");
	else
		cbw_kv_uuid(b, "subjectuuid", &cred->subject);
	if (!pairwise)
		cbw_kv_str(b, "credusage", USAGES[cred->usage]);
	if (has_private(cred)) {
		write_data(b, "privatedata", with_key ? secret_span(&cred->key) : span_of(NULL, 0),
			   ENCODING_RAW);
		cbw_end(b);
	}
	if (!pairwise)
		write_certificate(cred, b);
	if (cred->role.len)
		write_roleid(cred, b);
	if (cred->period.len)
		cbw_kv_text(b, "period", cred->period);
	if (cred->crms)
		write_crms(cred, b);
	cbw_end(b);
}
