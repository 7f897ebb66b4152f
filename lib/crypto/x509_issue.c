#include "crypto/x509_issue.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>

#include "base/clock.h"
#include "crypto/x509_parts.h"

#define SERIAL_LEN ((size_t)16)
#define KEY_ID_MAX ((size_t)64)
#define SAN_MAX    ((size_t)256)

static int error_of(int gnutls)
{
	return gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO;
}

void x509_chain_serial(const struct x509_chain *c, struct x509_serial *ret)
{
	ret->len = sizeof(ret->b);
	if (gnutls_x509_crt_get_serial(c->crt[0], ret->b, &ret->len) < 0)
		ret->len = 0;
}

/* --- what all certificates share --- */

static time_t seconds(uint64_t us)
{
	return us == UINT64_MAX ? GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION
				: (time_t)(us / USEC_PER_SEC);
}

static int set_serial(gnutls_x509_crt_t crt)
{
	uint8_t serial[SERIAL_LEN];
	int r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, of full length */
	return r < 0 ? r : gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
}

static int set_key(gnutls_x509_crt_t crt, const struct x509_point *point)
{
	gnutls_pubkey_t pub = x509_pubkey_new(point);
	uint8_t id[KEY_ID_MAX];
	size_t len = sizeof(id);
	int r;

	if (!pub)
		return GNUTLS_E_MEMORY_ERROR;
	r = gnutls_x509_crt_set_pubkey(crt, pub);
	if (r >= 0)
		r = gnutls_pubkey_get_key_id(pub, 0, id, &len);
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_key_id(crt, id, len);
	gnutls_pubkey_deinit(pub);
	return r;
}

static int fill(gnutls_x509_crt_t crt, const char *name, const struct x509_point *point,
		const struct x509_period *valid)
{
	int r = gnutls_x509_crt_set_version(crt, 3);

	if (r >= 0)
		r = set_serial(crt);
	if (r >= 0)
		r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
						  (unsigned)strlen(name));
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(crt, seconds(valid->from_us));
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(crt, seconds(valid->until_us));
	return r >= 0 ? set_key(crt, point) : r;
}

static int sign(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca, const struct x509_key *key,
		struct buf *pem)
{
	gnutls_datum_t text = {0};
	int r = gnutls_x509_crt_privkey_sign(crt, ca, key->priv, GNUTLS_DIG_SHA256, 0);

	if (r >= 0)
		r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	if (r < 0)
		return error_of(r);
	buf_put(pem, span_of(text.data, text.size));
	gnutls_free(text.data);
	return buf_ok(pem) ? 0 : -ENOMEM;
}

/* --- the root --- */

int x509_root_issue(const struct x509_key *key, const char *name, const struct x509_period *valid,
		    struct buf *pem)
{
	gnutls_x509_crt_t crt;
	int r;

	if (strlen(name) > X509_NAME_MAX || !name[0])
		return -EINVAL;
	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = fill(crt, name, &key->point, valid);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt,
						  GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	r = r < 0 ? error_of(r) : sign(crt, crt, key, pem);
	gnutls_x509_crt_deinit(crt);
	return r;
}

/* --- end entities --- */

/* 0: *ret is owned by the caller. */
static int open_authority(const struct x509_authority *ca, struct x509_chain **ret,
			  const char **ret_why)
{
	CLEANUP(x509_trust_freep) struct x509_trust *judge = NULL;
	CLEANUP(x509_chain_freep) struct x509_chain *c = NULL;
	int r = x509_trust_new(&judge);

	if (r >= 0)
		r = x509_trust_add(judge, ca->pem, NULL, ret_why);
	if (r >= 0)
		r = x509_chain_parse(ca->pem, &c, ret_why);
	if (r < 0)
		return r;
	if (memcmp(x509_chain_key(c), &ca->key->point, sizeof(ca->key->point)) != 0) {
		*ret_why = "the private key belongs to another certificate";
		return -EBADMSG;
	}
	*ret = c;
	c = NULL;
	return 0;
}

/* One DER element; `value` of less than 256 octets. */
static void put_der(struct buf *b, uint8_t tag, struct span value)
{
	buf_put_byte(b, tag);
	if (value.len >= 0x80)
		buf_put_byte(b, 0x81);
	buf_put_byte(b, (uint8_t)value.len);
	buf_put(b, value);
}

/* A relative name of one attribute, 2.5.4.`type`. */
static void put_attribute(struct buf *b, uint8_t type, const char *text)
{
	const uint8_t oid[] = {0x06, 0x03, 0x55, 0x04, type};
	struct buf pair = BUF_INIT(SAN_MAX), sequence = BUF_INIT(SAN_MAX);

	buf_put(&pair, span_of(oid, sizeof(oid)));
	put_der(&pair, 0x0c, span_str(text)); /* UTF8String */
	put_der(&sequence, 0x30, buf_span(&pair));
	put_der(b, 0x31, buf_span(&sequence));
	buf_done(&sequence);
	buf_done(&pair);
}

/* subjectAltName of one directoryName: OU is the authority, CN the role. */
static int set_role(gnutls_x509_crt_t crt, const struct x509_role *role)
{
	struct buf names = BUF_INIT(SAN_MAX), dn = BUF_INIT(SAN_MAX), san = BUF_INIT(SAN_MAX),
		   general = BUF_INIT(SAN_MAX);
	int r = GNUTLS_E_MEMORY_ERROR;

	if (role->authority[0])
		put_attribute(&names, 11, role->authority);
	put_attribute(&names, 3, role->name);
	put_der(&dn, 0x30, buf_span(&names));
	put_der(&general, 0xa4, buf_span(&dn));
	put_der(&san, 0x30, buf_span(&general));
	if (buf_ok(&names) && buf_ok(&dn) && buf_ok(&general) && buf_ok(&san))
		r = gnutls_x509_crt_set_extension_by_oid(crt, GNUTLS_X509EXT_OID_SAN, san.ptr,
							 (unsigned)san.len, 0);
	buf_done(&names);
	buf_done(&dn);
	buf_done(&general);
	buf_done(&san);
	return r;
}

static int set_purposes(gnutls_x509_crt_t crt, enum x509_use use)
{
	int r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);

	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(
			crt, use == X509_ROLE ? X509_OID_ROLE : X509_OID_IDENTITY, 0);
	return r;
}

static int set_authority_id(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca)
{
	uint8_t id[KEY_ID_MAX];
	size_t len = sizeof(id);

	if (gnutls_x509_crt_get_subject_key_id(ca, id, &len, NULL) < 0)
		return 0; /* it has none */
	return gnutls_x509_crt_set_authority_key_id(crt, id, len);
}

static int fill_grant(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca, const struct x509_grant *grant)
{
	char id[UUID_TEXT + 1], name[sizeof("uuid:") + UUID_TEXT];
	int r;

	uuid_format(&grant->subject, id);
	(void)snprintf(name, sizeof(name), "uuid:%s", id);
	r = fill(crt, name, &grant->key, &grant->valid);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE |
							       GNUTLS_KEY_KEY_AGREEMENT);
	if (r >= 0)
		r = set_purposes(crt, grant->use);
	if (r >= 0 && grant->use == X509_ROLE)
		r = set_role(crt, grant->role);
	return r >= 0 ? set_authority_id(crt, ca) : r;
}

int x509_issue(const struct x509_authority *ca, const struct x509_grant *grant, struct buf *pem,
	       const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *above = NULL;
	gnutls_x509_crt_t crt;
	int r = open_authority(ca, &above, ret_why);

	if (r < 0)
		return r;
	if (grant->use == X509_ROLE && (!grant->role || !grant->role->name[0])) {
		*ret_why = "a role certificate needs a role";
		return -EBADMSG;
	}
	if (gnutls_x509_crt_init(&crt) < 0)
		return -ENOMEM;
	r = fill_grant(crt, above->crt[0], grant);
	r = r < 0 ? error_of(r) : sign(crt, above->crt[0], ca->key, pem);
	gnutls_x509_crt_deinit(crt);
	return r;
}

/* --- revocation --- */

static int fill_crl(gnutls_x509_crl_t crl, const struct x509_serial *revoked, size_t n,
		    uint32_t number, const struct x509_period *valid)
{
	const uint8_t octets[] = {(uint8_t)(number >> 24 & 0x7f), (uint8_t)(number >> 16),
				  (uint8_t)(number >> 8), (uint8_t)number};
	int r = gnutls_x509_crl_set_version(crl, 2);

	if (r >= 0)
		r = gnutls_x509_crl_set_this_update(crl, seconds(valid->from_us));
	if (r >= 0)
		r = gnutls_x509_crl_set_next_update(crl, seconds(valid->until_us));
	if (r >= 0)
		r = gnutls_x509_crl_set_number(crl, octets, sizeof(octets));
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = gnutls_x509_crl_set_crt_serial(crl, revoked[i].b, revoked[i].len,
						   seconds(valid->from_us));
	return r;
}

int x509_crl_issue(const struct x509_authority *ca, const struct x509_serial *revoked, size_t n,
		   uint32_t number, const struct x509_period *valid, struct buf *der,
		   const char **ret_why)
{
	CLEANUP(x509_chain_freep) struct x509_chain *above = NULL;
	gnutls_datum_t octets = {0};
	gnutls_x509_crl_t crl;
	int r = open_authority(ca, &above, ret_why);

	if (r < 0)
		return r;
	if (gnutls_x509_crl_init(&crl) < 0)
		return -ENOMEM;
	r = fill_crl(crl, revoked, n, number, valid);
	if (r >= 0)
		r = gnutls_x509_crl_privkey_sign(crl, above->crt[0], ca->key->priv,
						 GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &octets);
	gnutls_x509_crl_deinit(crl);
	if (r < 0)
		return error_of(r);
	buf_put(der, span_of(octets.data, octets.size));
	gnutls_free(octets.data);
	return buf_ok(der) ? 0 : -ENOMEM;
}
