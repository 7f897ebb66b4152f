#include "crypto/cose.h"

#include "codec/cbd.h"
#include "crypto/enc.h"

#define MAJOR_ARRAY  4
#define STANDARD_MAX 7            /* labels that RFC 9052 3.1 lets nobody list in crit */
#define SPARE        ((size_t)16) /* for the writer, which asks for the longest head */

const struct cbr_limits COSE_LIMITS = {
	.bytes = COSE_BYTES_MAX,
	.depth = COSE_DEPTH_MAX,
	.items = COSE_BYTES_MAX,
	.text = COSE_BYTES_MAX,
	.any = true,
};

/* Is there a body header with an algorithm that encrypts content? */
static bool encrypts(struct cbr c)
{
	enum enc_content content;
	struct cose_header h;
	int64_t number;

	cbr_array(&c);
	return cose_header_read(&c, &h) == FWE_OK && cose_param_int(&h, COSE_ALG, &number) &&
	       enc_content_from_cose(number, &content);
}

/* Untagged: by the fourth element, and what signs from what encrypts to many by the algorithm. */
static enum cose_kind kind_by_form(struct cbr c)
{
	const bool encrypted = encrypts(c);

	cbr_array(&c);
	for (int i = 0; i < 3; i++) {
		if (cose_element(&c))
			(void)cbr_skip(&c);
	}
	if (!cbr_more(&c))
		return COSE_ENCRYPT0;
	if (cbr_peek(&c) != CBR_ARRAY)
		return COSE_SIGN1;
	return encrypted ? COSE_ENCRYPT : COSE_SIGN;
}

enum fw_error cose_open(struct cbr *c, struct span octets, struct buf *room, enum cose_kind *ret)
{
	struct cbr whole;
	uint64_t tag;
	bool tagged;

	*room = BUF_INIT(octets.len + SPARE);
	cbd_join(octets, room);
	if (!buf_ok(room))
		return FWE_INTERNAL;
	cbr_open(c, buf_span(room), &COSE_LIMITS);
	tagged = cbr_tag(c, &tag);
	if (tagged && tag != COSE_ENCRYPT0 && tag != COSE_SIGN1 && tag != COSE_ENCRYPT &&
	    tag != COSE_SIGN)
		return FWE_MANIFEST_FORMAT_UNKNOWN;
	if (c->rest.len > 0 &&
	    c->rest.ptr[0] >> 5 != MAJOR_ARRAY) /* not whether it is a good one */
		return FWE_MANIFEST_FORMAT_UNKNOWN;
	whole = *c;
	(void)cbr_skip(&whole);
	if (cbr_close(&whole) != CBR_OK)
		return FWE_MANIFEST_CBOR_INVALID;
	*ret = tagged ? (enum cose_kind)tag : kind_by_form(*c);
	return FWE_OK;
}

bool cose_element(struct cbr *c)
{
	if (cbr_more(c))
		return true;
	cbr_fail(c, CBR_VALUE);
	return false;
}

static bool same_label(const struct cose_param *a, const struct cose_param *b)
{
	return a->is_text == b->is_text && a->number == b->number && span_eq(a->text, b->text);
}

/* The pairs of one bucket. */
static enum fw_error read_bucket(struct cbr *c, bool protected, struct cose_header *h)
{
	cbr_map(c);
	while (cbr_more(c)) {
		struct cose_param p = {.protected = protected};
		enum cbr_err keys;

		p.is_text = cbr_peek(c) == CBR_TEXT;
		if (p.is_text)
			p.text = cbr_text(c);
		else
			p.number = cbr_int(c, INT64_MIN, INT64_MAX);
		p.value = cbr_skip(c);
		if (c->err)
			break;
		for (size_t i = 0; i < h->n; i++) {
			if (same_label(&h->params[i], &p))
				return h->params[i].protected == protected
					       ? FWE_MANIFEST_CBOR_INVALID
					       : FWE_MANIFEST_HEADER_INVALID;
		}
		keys = cbd_check_keys(p.value, &COSE_LIMITS);
		if (keys == CBR_DUPLICATE)
			return FWE_MANIFEST_CBOR_INVALID;
		if (keys != CBR_OK || h->n == ARRAY_SIZE(h->params))
			return FWE_MANIFEST_HEADER_INVALID;
		h->params[h->n++] = p;
	}
	return FWE_OK;
}

enum fw_error cose_header_read(struct cbr *c, struct cose_header *ret)
{
	struct cose_header h = {0};
	struct span protected = cose_element(c) ? cbr_bytes(c) : (struct span){0};
	enum fw_error e = FWE_OK;
	struct cbr inner;

	if (protected.len > 0) {
		cbr_open(&inner, protected, &COSE_LIMITS);
		e = read_bucket(&inner, true, &h);
		if (e == FWE_OK && cbr_close(&inner) != CBR_OK)
			e = FWE_MANIFEST_HEADER_INVALID;
	}
	if (h.n > 0) /* RFC 9052 3: an empty map is signed as no octets */
		h.protected = protected;
	if (e == FWE_OK && cose_element(c))
		e = read_bucket(c, false, &h);
	if (e == FWE_OK && c->err)
		e = FWE_MANIFEST_CBOR_INVALID;
	if (e == FWE_OK)
		*ret = h;
	return e;
}

enum fw_error cose_kind_of(struct span octets, enum cose_kind *ret)
{
	CLEANUP(buf_done) struct buf room = {0};
	struct cbr c;

	return cose_open(&c, octets, &room, ret);
}

bool cose_is(struct span octets)
{
	CLEANUP(buf_done) struct buf room = {0};
	struct cose_header h;
	enum cose_kind kind;
	struct cbr c;

	if (cose_open(&c, octets, &room, &kind) != FWE_OK)
		return false;
	cbr_array(&c);
	return cose_header_read(&c, &h) == FWE_OK;
}

enum fw_error cose_map_read(struct cbr *c, struct cose_header *ret)
{
	struct cose_header h = {0};
	enum fw_error e = read_bucket(c, false, &h);

	if (e == FWE_OK && c->err)
		e = FWE_MANIFEST_CBOR_INVALID;
	if (e == FWE_OK)
		*ret = h;
	return e;
}

const struct cose_param *cose_param(const struct cose_header *h, int64_t label)
{
	for (size_t i = 0; i < h->n; i++) {
		if (!h->params[i].is_text && h->params[i].number == label)
			return &h->params[i];
	}
	return NULL;
}

bool cose_param_bytes(const struct cose_header *h, int64_t label, struct span *ret)
{
	const struct cose_param *p = cose_param(h, label);
	struct span value;
	struct cbr c;

	if (!p)
		return false;
	cbr_open(&c, p->value, &COSE_LIMITS);
	value = cbr_bytes(&c);
	if (cbr_close(&c) != CBR_OK)
		return false;
	*ret = value;
	return true;
}

bool cose_param_int(const struct cose_header *h, int64_t label, int64_t *ret)
{
	const struct cose_param *p = cose_param(h, label);
	int64_t value;
	struct cbr c;

	if (!p)
		return false;
	cbr_open(&c, p->value, &COSE_LIMITS);
	value = cbr_int(&c, INT64_MIN, INT64_MAX);
	if (cbr_close(&c) != CBR_OK)
		return false;
	*ret = value;
	return true;
}

static const struct cose_param *find(const struct cose_header *h, const struct cose_param *label)
{
	for (size_t i = 0; i < h->n; i++) {
		if (same_label(&h->params[i], label))
			return &h->params[i];
	}
	return NULL;
}

/* What one label of crit names; NULL: a standard one, not there, or not protected. */
static const struct cose_param *read_critical(struct cbr *c, const struct cose_header *h)
{
	const struct cose_param *named;
	struct cose_param label = {.is_text = cbr_peek(c) == CBR_TEXT};

	if (label.is_text)
		label.text = cbr_text(c);
	else
		label.number = cbr_int(c, INT64_MIN, INT64_MAX);
	named = find(h, &label);
	return named && named->protected &&
			       (label.is_text || label.number < 0 || label.number > STANDARD_MAX)
		       ? named
		       : NULL;
}

/* RFC 9052 3.1: no extension is understood, so that any good crit is one too many. */
static enum fw_error check_crit(const struct cose_header *h)
{
	const struct cose_param *crit = cose_param(h, COSE_CRIT);
	unsigned seen = 0;
	size_t n = 0;
	struct cbr c;

	if (!crit)
		return FWE_OK;
	cbr_open(&c, crit->value, &COSE_LIMITS);
	cbr_array(&c);
	for (; cbr_more(&c); n++) {
		const struct cose_param *named = read_critical(&c, h);

		if (!named || (seen & (1u << (named - h->params))) != 0)
			return FWE_MANIFEST_CRIT_INVALID;
		seen |= 1u << (named - h->params);
	}
	return !crit->protected || n == 0 || cbr_close(&c) != CBR_OK
		       ? FWE_MANIFEST_CRIT_INVALID
		       : FWE_MANIFEST_CRIT_UNSUPPORTED;
}

/* RFC 8725 3.11 holds here as well: a message made for something else is none for us. */
static bool has_type(const struct cose_header *h, const char *content_type)
{
	const struct cose_param *p = cose_param(h, COSE_CONTENT_TYPE);
	struct span text;
	struct cbr c;

	if (!p || !content_type)
		return true;
	cbr_open(&c, p->value, &COSE_LIMITS);
	text = cbr_text(&c);
	return cbr_close(&c) == CBR_OK && span_is(text, content_type);
}

enum fw_error cose_header_check(const struct cose_header *h, const char *content_type)
{
	enum fw_error e;

	if (cose_param(h, COSE_X5BAG) || cose_param(h, COSE_X5CHAIN) || cose_param(h, COSE_X5U))
		return FWE_MANIFEST_KEY_EMBEDDED;
	e = check_crit(h);
	if (e != FWE_OK)
		return e;
	if (cose_param(h, COSE_IV) && cose_param(h, COSE_PARTIAL_IV)) /* RFC 9052 3.1 */
		return FWE_MANIFEST_HEADER_INVALID;
	return has_type(h, content_type) ? FWE_OK : FWE_MANIFEST_TYPE_MISMATCH;
}
