/* tests/unit/x509_maker.h - makes certificates, also wrong ones, for tests. */
#pragma once

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAKER_FROM ((time_t)1600000000)
#define MAKER_TO   ((time_t)2000000000)
#define MAKER_NOW  UINT64_C(1800000000000000) /* microseconds, in between */

#define MAKER_LONG_SERIAL 4242u /* in a revocation list: far longer than RFC 5280 allows */

#define MAKER_UUID "b0b00000-0000-4000-8000-000000000001"

#define OID_SERVER   "1.3.6.1.5.5.7.3.1"
#define OID_CLIENT   "1.3.6.1.5.5.7.3.2"
#define OID_IDENTITY "1.3.6.1.4.1.44924.1.6"
#define OID_ROLE     "1.3.6.1.4.1.44924.1.7"
#define OID_ANY      "2.5.29.37.0"

#define MAKER_CA_USAGE  (GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN)
#define MAKER_END_USAGE (GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_AGREEMENT)

struct spec {
	const char *dn;
	int version; /* 0: 3 */
	bool ca, no_constraints;
	int path; /* -1: none */
	unsigned usage;
	const char *ekus[5];
	time_t from, to;
	unsigned serial;
	gnutls_ecc_curve_t curve;         /* 0: P-256 */
	gnutls_digest_algorithm_t digest; /* 0: SHA-256 */
	const char *role_dn;              /* of a directoryName */
	const uint8_t *san;
	size_t san_len;
	bool strange; /* a critical extension nobody knows */
};

#define SPEC_CA(name, length)                                                                      \
	(struct spec)                                                                              \
	{                                                                                          \
		.dn = (name), .ca = true, .path = (length), .usage = MAKER_CA_USAGE,               \
		.from = MAKER_FROM, .to = MAKER_TO, .serial = 1                                    \
	}
#define SPEC_END(name)                                                                             \
	(struct spec)                                                                              \
	{                                                                                          \
		.dn = (name), .path = -1, .usage = MAKER_END_USAGE,                                \
		.ekus = {OID_SERVER, OID_CLIENT, OID_IDENTITY}, .from = MAKER_FROM,                \
		.to = MAKER_TO, .serial = 77                                                       \
	}

struct made {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	char pem[8192], key_pem[1024];
};

static inline void must(int r)
{
	if (r < 0) {
		(void)fprintf(stderr, "maker: %s\n", gnutls_strerror(r));
		abort();
	}
}

/* subjectAltName of one directoryName. */
static inline void make_role(gnutls_x509_crt_t crt, const char *dn_text)
{
	gnutls_datum_t der = {0};
	uint8_t san[256];
	gnutls_x509_dn_t dn;

	must(gnutls_x509_dn_init(&dn));
	must(gnutls_x509_dn_set_str(dn, dn_text, NULL));
	must(gnutls_x509_dn_export2(dn, GNUTLS_X509_FMT_DER, &der));
	assert(der.size < 120);
	san[0] = 0x30;
	san[1] = (uint8_t)(der.size + 2);
	san[2] = 0xa4;
	san[3] = (uint8_t)der.size;
	memcpy(san + 4, der.data, der.size);
	must(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", san, der.size + 4, 0));
	gnutls_free(der.data);
	gnutls_x509_dn_deinit(dn);
}

static inline void make_pem(struct made *m)
{
	size_t room = sizeof(m->pem) - 1;

	must(gnutls_x509_crt_export(m->crt, GNUTLS_X509_FMT_PEM, m->pem, &room));
	m->pem[room] = '\0';
	room = sizeof(m->key_pem) - 1;
	must(gnutls_x509_privkey_export_pkcs8(m->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
					      m->key_pem, &room));
	m->key_pem[room] = '\0';
}

/* `issuer` NULL: signed with its own key. */
static inline void make(struct made *m, const struct spec *s, const struct made *issuer)
{
	const uint8_t serial[] = {0x01, (uint8_t)(s->serial >> 8), (uint8_t)s->serial};

	must(gnutls_x509_privkey_init(&m->key));
	must(gnutls_x509_privkey_generate(
		m->key, GNUTLS_PK_ECDSA,
		GNUTLS_CURVE_TO_BITS(s->curve ? s->curve : GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(&m->crt));
	must(gnutls_x509_crt_set_version(m->crt, s->version ? (unsigned)s->version : 3));
	must(gnutls_x509_crt_set_dn(m->crt, s->dn, NULL));
	must(gnutls_x509_crt_set_serial(m->crt, serial, sizeof(serial)));
	must(gnutls_x509_crt_set_activation_time(m->crt, s->from));
	must(gnutls_x509_crt_set_expiration_time(m->crt, s->to));
	must(gnutls_x509_crt_set_key(m->crt, m->key));
	if (!s->no_constraints)
		must(gnutls_x509_crt_set_basic_constraints(m->crt, s->ca, s->path));
	if (s->usage)
		must(gnutls_x509_crt_set_key_usage(m->crt, s->usage));
	for (size_t i = 0; i < 5 && s->ekus[i]; i++)
		must(gnutls_x509_crt_set_key_purpose_oid(m->crt, s->ekus[i], 0));
	if (s->role_dn)
		make_role(m->crt, s->role_dn);
	if (s->san_len)
		must(gnutls_x509_crt_set_extension_by_oid(m->crt, "2.5.29.17", s->san,
							  (unsigned)s->san_len, 0));
	if (s->strange)
		must(gnutls_x509_crt_set_extension_by_oid(m->crt, "1.2.3.4", "\5\0", 2, 1));
	must(gnutls_x509_crt_sign2(m->crt, issuer ? issuer->crt : m->crt,
				   issuer ? issuer->key : m->key,
				   s->digest ? s->digest : GNUTLS_DIG_SHA256, 0));
	make_pem(m);
}

static inline void unmake(struct made *m)
{
	gnutls_x509_crt_deinit(m->crt);
	gnutls_x509_privkey_deinit(m->key);
}

/* A list in DER, of serial numbers as struct spec has them. */
static inline size_t make_crl(const struct made *issuer, const unsigned *serials, size_t n,
			      uint8_t *ret, size_t room)
{
	gnutls_x509_crl_t crl;

	must(gnutls_x509_crl_init(&crl));
	must(gnutls_x509_crl_set_version(crl, 2));
	must(gnutls_x509_crl_set_this_update(crl, MAKER_FROM));
	must(gnutls_x509_crl_set_next_update(crl, MAKER_FROM + 1));
	must(gnutls_x509_crl_set_number(crl, "\1", 1));
	for (size_t i = 0; i < n; i++) {
		const uint8_t serial[100] = {0x01, (uint8_t)(serials[i] >> 8), (uint8_t)serials[i]};

		must(gnutls_x509_crl_set_crt_serial(
			crl, serial, serials[i] == MAKER_LONG_SERIAL ? sizeof(serial) : 3,
			MAKER_FROM));
	}
	must(gnutls_x509_crl_sign2(crl, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crl_export(crl, GNUTLS_X509_FMT_DER, ret, &room));
	gnutls_x509_crl_deinit(crl);
	return room;
}
