#include "obt/listing.h"

static const struct cbr_limits LIMITS = {
	.bytes = LISTING_OCTETS_MAX, .depth = 8, .items = 32768, .text = 8192};

enum cbr_err listed_aces_read(struct span body, struct listed_aces *ret)
{
	enum { LIST = 1, ROWNER = 2 };
	unsigned seen = 0;
	struct span key;
	struct cbr c;

	*ret = (struct listed_aces){.aces = calloc(LISTING_ACES_MAX, sizeof(struct listed_ace))};
	if (!ret->aces)
		return CBR_LIMIT;
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "aclist2", &seen, LIST)) {
			cbr_array(&c);
			while (cbr_more(&c)) {
				struct listed_ace ace;

				rule_read(&c, &ace.rule, &ace.id, &ace.strange);
				if (ret->n == LISTING_ACES_MAX)
					cbr_fail(&c, CBR_LIMIT);
				else
					ret->aces[ret->n++] = ace;
			}
		} else if (cbr_member(&c, key, "rowneruuid", &seen, ROWNER)) {
			ret->rowner = cbr_uuid(&c);
		} else {
			(void)cbr_skip(&c);
		}
	}
	return cbr_close_with(&c, seen, LIST | ROWNER);
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
		if (cbr_member(c, key, "credid", &seen, ID)) {
			cred->id = (uint32_t)cbr_uint(c, UINT32_MAX);
		} else if (cbr_member(c, key, "credtype", &seen, TYPE)) {
			cred->type = (uint16_t)cbr_uint(c, UINT16_MAX);
		} else if (cbr_member(c, key, "subjectuuid", &seen, SUBJECT)) {
			if (span_to_str(cbr_text(c), cred->subject, sizeof(cred->subject)) < 0)
				cbr_fail(c, CBR_VALUE);
		} else if (cbr_member(c, key, "credusage", &seen, USAGE)) {
			if (span_to_str(cbr_text(c), cred->usage, sizeof(cred->usage)) < 0)
				cbr_fail(c, CBR_VALUE);
		} else if (cbr_member(c, key, "publicdata", &seen, PUBLIC)) {
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
	struct span key;
	struct cbr c;

	ret->n = 0;
	cbr_open(&c, body, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "creds", &seen, LIST)) {
			cbr_array(&c);
			while (cbr_more(&c)) {
				struct listed_cred cred;

				read_cred(&c, &cred);
				if (ret->n == LISTING_CREDS_MAX)
					cbr_fail(&c, CBR_LIMIT);
				else
					ret->creds[ret->n++] = cred;
			}
		} else if (cbr_member(&c, key, "rowneruuid", &seen, ROWNER)) {
			ret->rowner = cbr_uuid(&c);
		} else {
			(void)cbr_skip(&c);
		}
	}
	return cbr_close_with(&c, seen, LIST | ROWNER);
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
		if (cbr_member(&c, key, "csr", &seen, CSR)) {
			pem = cbr_text(&c);
		} else if (cbr_member(&c, key, "encoding", &seen, ENCODING)) {
			if (!span_is(cbr_text(&c), "oic.sec.encoding.pem"))
				cbr_fail(&c, CBR_VALUE);
		} else {
			(void)cbr_skip(&c);
		}
	}
	err = cbr_close_with(&c, seen, CSR | ENCODING);
	if (err == CBR_OK)
		*ret_pem = pem;
	return err;
}
