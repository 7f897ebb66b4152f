#include "obt/listing.h"

static const struct cbr_limits LIMITS = {
	.bytes = LISTING_OCTETS_MAX, .depth = 8, .items = 32768, .text = 8192};

static struct uuid read_uuid(struct cbr *c)
{
	struct uuid u = {{0}};

	if (!uuid_parse(cbr_text(c), &u))
		cbr_fail(c, CBR_VALUE);
	return u;
}

enum cbr_err listed_aces_read(struct span body, struct listed_aces *ret)
{
	enum { LIST = 1, ROWNER = 2 };
	unsigned seen = 0;
	enum cbr_err err;
	struct span key;
	struct cbr c;

	*ret = (struct listed_aces){.aces = calloc(LISTING_ACES_MAX, sizeof(struct listed_ace))};
	if (!ret->aces)
		return CBR_LIMIT;
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (span_is(key, "aclist2")) {
			cbr_once(&c, &seen, LIST);
			cbr_array(&c);
			while (cbr_more(&c)) {
				struct listed_ace ace;

				rule_read(&c, &ace.rule, &ace.id, &ace.strange);
				if (ret->n == LISTING_ACES_MAX)
					cbr_fail(&c, CBR_LIMIT);
				else
					ret->aces[ret->n++] = ace;
			}
		} else if (span_is(key, "rowneruuid")) {
			cbr_once(&c, &seen, ROWNER);
			ret->rowner = read_uuid(&c);
		} else {
			(void)cbr_skip(&c);
		}
	}
	err = cbr_close(&c);
	return err == CBR_OK && seen != (LIST | ROWNER) ? CBR_VALUE : err;
}

void listed_aces_done(struct listed_aces *l)
{
	free(l->aces);
	*l = (struct listed_aces){0};
}

static void read_public(struct cbr *c, struct listed_cred *cred)
{
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (!span_is(key, "data"))
			(void)cbr_skip(c);
		else if (cbr_peek(c) == CBR_BYTES) /* DER, or PEM in the wrong kind of string */
			cred->data = cbr_bytes(c);
		else
			cred->data = cbr_text(c);
	}
}

static void read_cred(struct cbr *c, struct listed_cred *cred)
{
	enum { ID = 1, TYPE = 2, SUBJECT = 4, USAGE = 8, PUBLIC = 16 };
	unsigned seen = 0;
	struct span key;

	*cred = (struct listed_cred){0};
	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (span_is(key, "credid")) {
			cbr_once(c, &seen, ID);
			cred->id = (uint32_t)cbr_uint(c, UINT32_MAX);
		} else if (span_is(key, "credtype")) {
			cbr_once(c, &seen, TYPE);
			cred->type = (uint16_t)cbr_uint(c, UINT16_MAX);
		} else if (span_is(key, "subjectuuid")) {
			cbr_once(c, &seen, SUBJECT);
			if (span_to_str(cbr_text(c), cred->subject, sizeof(cred->subject)) < 0)
				cbr_fail(c, CBR_VALUE);
		} else if (span_is(key, "credusage")) {
			cbr_once(c, &seen, USAGE);
			if (span_to_str(cbr_text(c), cred->usage, sizeof(cred->usage)) < 0)
				cbr_fail(c, CBR_VALUE);
		} else if (span_is(key, "publicdata")) {
			cbr_once(c, &seen, PUBLIC);
			read_public(c, cred);
		} else {
			(void)cbr_skip(c);
		}
	}
	if ((seen & (ID | TYPE | SUBJECT)) != (ID | TYPE | SUBJECT))
		cbr_fail(c, CBR_VALUE);
}

enum cbr_err listed_creds_read(struct span body, struct listed_creds *ret)
{
	enum { LIST = 1, ROWNER = 2 };
	unsigned seen = 0;
	enum cbr_err err;
	struct span key;
	struct cbr c;

	ret->n = 0;
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (span_is(key, "creds")) {
			cbr_once(&c, &seen, LIST);
			cbr_array(&c);
			while (cbr_more(&c)) {
				struct listed_cred cred;

				read_cred(&c, &cred);
				if (ret->n == LISTING_CREDS_MAX)
					cbr_fail(&c, CBR_LIMIT);
				else
					ret->creds[ret->n++] = cred;
			}
		} else if (span_is(key, "rowneruuid")) {
			cbr_once(&c, &seen, ROWNER);
			ret->rowner = read_uuid(&c);
		} else {
			(void)cbr_skip(&c);
		}
	}
	err = cbr_close(&c);
	return err == CBR_OK && seen != (LIST | ROWNER) ? CBR_VALUE : err;
}

enum cbr_err listed_csr_read(struct span body, struct span *ret_pem)
{
	enum { CSR = 1, ENCODING = 2 };
	struct span key, pem = {0};
	unsigned seen = 0;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (span_is(key, "csr")) {
			cbr_once(&c, &seen, CSR);
			pem = cbr_text(&c);
		} else if (span_is(key, "encoding")) {
			cbr_once(&c, &seen, ENCODING);
			if (!span_is(cbr_text(&c), "oic.sec.encoding.pem"))
				cbr_fail(&c, CBR_VALUE);
		} else {
			(void)cbr_skip(&c);
		}
	}
	err = cbr_close(&c);
	if (err == CBR_OK && seen != (CSR | ENCODING))
		err = CBR_VALUE;
	if (err == CBR_OK)
		*ret_pem = pem;
	return err;
}
