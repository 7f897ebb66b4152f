#include "obt/authority.h"

#include "codec/cbw.h"

#define FORMAT 1

static const struct cbr_limits LIMITS = {
	.bytes = AUTHORITY_OCTETS_MAX, .depth = 3, .items = 65536, .text = AUTHORITY_PEM_MAX};

struct authority *authority_new(void)
{
	return calloc(1, sizeof(struct authority));
}

struct authority *authority_free(struct authority *a)
{
	if (!a)
		return NULL;
	secret_wipe(&a->key);
	free(a);
	return NULL;
}

bool authority_note(struct authority *a, const struct authority_cert *cert, uint64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_issued; i++)
		if (a->issued[i].until_us >= now_us)
			a->issued[n++] = a->issued[i];
	a->n_issued = n;
	if (n == AUTHORITY_ISSUED_MAX)
		return false;
	a->issued[a->n_issued++] = *cert;
	return true;
}

size_t authority_revoke(struct authority *a, const struct uuid *device)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_issued; i++) {
		if (a->issued[i].revoked || !uuid_eq(&a->issued[i].device, device))
			continue;
		a->issued[i].revoked = true;
		n++;
	}
	return n;
}

void authority_write(const struct authority *a, struct buf *out)
{
	cbw_map(out);
	cbw_kv_uint(out, "format", FORMAT);
	cbw_str(out, "key");
	cbw_bytes(out, secret_span(&a->key));
	cbw_kv_str(out, "pem", a->pem);
	cbw_kv_uint(out, "crl", a->crl_number);
	cbw_str(out, "issued");
	cbw_array(out);
	for (size_t i = 0; i < a->n_issued; i++) {
		const struct authority_cert *c = &a->issued[i];

		cbw_map(out);
		cbw_kv_uuid(out, "device", &c->device);
		cbw_str(out, "serial");
		cbw_bytes(out, span_of(c->serial, c->len));
		cbw_kv_uint(out, "until", c->until_us);
		cbw_kv_bool(out, "revoked", c->revoked);
		cbw_end(out);
	}
	cbw_end(out);
	cbw_end(out);
}

static void read_cert(struct cbr *c, struct authority *a)
{
	enum { DEVICE = 1, SERIAL = 2, UNTIL = 4, REVOKED = 8, EVERYTHING = 15 };
	struct authority_cert cert = {0};
	unsigned seen = 0;
	struct span key;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (cbr_member(c, key, "device", &seen, DEVICE)) {
			cert.device = cbr_uuid(c);
		} else if (span_is(key, "serial")) {
			struct span serial = cbr_bytes(c);

			cbr_once(c, &seen, SERIAL);
			if (serial.len == 0 || serial.len > sizeof(cert.serial)) {
				cbr_fail(c, CBR_VALUE);
				continue;
			}
			memcpy(cert.serial, serial.ptr, serial.len);
			cert.len = serial.len;
		} else if (cbr_member(c, key, "until", &seen, UNTIL)) {
			cert.until_us = cbr_uint(c, UINT64_MAX);
		} else if (cbr_member(c, key, "revoked", &seen, REVOKED)) {
			cert.revoked = cbr_bool(c);
		} else {
			cbr_fail(c, CBR_VALUE);
		}
	}
	if (seen != EVERYTHING || a->n_issued == AUTHORITY_ISSUED_MAX)
		cbr_fail(c, CBR_VALUE);
	else
		a->issued[a->n_issued++] = cert;
}

static void read_member(struct cbr *c, struct span key, struct authority *a, unsigned *seen)
{
	enum { FMT = 1, KEY = 2, PEM = 4, CRL = 8, ISSUED = 16 };

	if (cbr_member(c, key, "format", seen, FMT)) {
		if (cbr_uint(c, FORMAT) != FORMAT)
			cbr_fail(c, CBR_VALUE);
	} else if (cbr_member(c, key, "key", seen, KEY)) {
		if (!secret_set(&a->key, cbr_bytes(c)))
			cbr_fail(c, CBR_VALUE);
	} else if (cbr_member(c, key, "pem", seen, PEM)) {
		if (span_to_str(cbr_text(c), a->pem, sizeof(a->pem)) < 0)
			cbr_fail(c, CBR_VALUE);
	} else if (cbr_member(c, key, "crl", seen, CRL)) {
		a->crl_number = (uint32_t)cbr_uint(c, UINT32_MAX);
	} else if (cbr_member(c, key, "issued", seen, ISSUED)) {
		cbr_array(c);
		while (cbr_more(c))
			read_cert(c, a);
	} else {
		cbr_fail(c, CBR_VALUE);
	}
}

enum cbr_err authority_parse(struct span octets, struct authority **ret)
{
	struct authority *a CLEANUP(authority_freep) = authority_new();
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	if (!a)
		return CBR_LIMIT;
	cbr_open(&c, octets, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key))
		read_member(&c, key, a, &seen);
	err = cbr_close_with(&c, seen, 31);
	if (err != CBR_OK)
		return err;
	*ret = a;
	a = NULL;
	return CBR_OK;
}
