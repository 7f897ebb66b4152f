/* bench_verify [ROUNDS]: microseconds to judge a signed manifest of 4 KiB, and to check its one
 * ES256 signature by bare GnuTLS, in turns: "verify_round OURS FLOOR us". */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/parse.h"
#include "codec/b64.h"
#include "crypto/jws.h"
#include "fw/judge.h"

#define BYTES  ((size_t)4096)
#define TIMES  50
#define ROUNDS 20

static struct key *key;
static struct trust *trust;
static struct buf message = {.max = 2 * BYTES}, input = {.max = 2 * BYTES};
static gnutls_pubkey_t pub;
static gnutls_datum_t der;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void put_payload(struct buf *out)
{
	buf_put_str(out,
		    "{\"manifestVersion\":\"1.0\",\"timestamp\":\"2026-06-01T12:00:00Z\","
		    "\"manufacturer\":\"example.com\",\"model\":\"gw-100\",\"firmwareVersion\":"
		    "\"2.4.1\",\"firmwareLocation\":\"image.bin\",\"firmwareCryptoInfo\":{"
		    "\"commitHash\":[{\"digestAlgo\":\"sha256\",\"hash\":\""
		    "dfe7980018247b55ec7d0a1544800433d59bbdb645b141aeef06df138bfdc411\"}]},"
		    "\"imageSize\":4096,\"x-notes\":\"");
	while (out->len < BYTES * 3 / 4 - 300)
		buf_put_str(out, "notes ");
	buf_put_str(out, "\"}");
	must(buf_ok(out));
}

static void make_message(void)
{
	struct buf payload CLEANUP(buf_done) = BUF_INIT(BYTES),
			   b64 CLEANUP(buf_done) = BUF_INIT(BYTES);
	struct buf raw CLEANUP(buf_done) = BUF_INIT(KEY_SIGNATURE_MAX);

	put_payload(&payload);
	must(jws_put_header(key, MANIFEST_TYP, &input) == 0);
	buf_put_byte(&input, '.');
	b64_encode(buf_span(&payload), &b64);
	buf_put(&input, buf_span(&b64));
	must(key_sign(key, buf_span(&input), &raw) == 0);
	buf_put(&message, buf_span(&input));
	buf_put_byte(&message, '.');
	b64_encode(buf_span(&raw), &message);
	must(buf_ok(&message));
	/* The same signature for the floor. */
	must(gnutls_encode_rs_value(&der, &(gnutls_datum_t){raw.ptr, 32},
				    &(gnutls_datum_t){raw.ptr + 32, 32}) == 0);
}

static void make_trust(void)
{
	CLEANUP(jsn_freep) struct jsn *set = jsn_new_object();
	struct jsn *keys = jsn_new_array(), *jwk = jwk_export(key), *roles = jsn_new_array(),
		   *makers = jsn_new_array();
	struct buf text CLEANUP(buf_done) = BUF_INIT(JWK_FILE_MAX);
	char error[128];

	jsn_add(roles, jsn_new_text(SPAN_LIT("manifest")));
	jsn_add(makers, jsn_new_text(SPAN_LIT("example.com")));
	jsn_set(jwk, "x-ocf-roles", roles);
	jsn_set(jwk, "x-ocf-manufacturers", makers);
	jsn_add(keys, jwk);
	jsn_set(set, "keys", keys);
	must(jsn_write(set, JSN_COMPACT, &text) == 0);
	must(trust_parse(buf_span(&text), &trust, error, sizeof(error)) == 0);
}

static double ours(void)
{
	const struct fw_context c = {.manufacturer = "example.com", .model = "gw-100"};
	uint64_t start = clock_monotonic_us();

	for (int i = 0; i < TIMES; i++) {
		struct fw_judgement j;

		fw_judge(&c, trust, buf_span(&message), &j);
		must(j.verdict == FW_ACCEPT);
		fw_judgement_done(&j);
	}
	return (double)(clock_monotonic_us() - start) / TIMES;
}

static double bare(void)
{
	const gnutls_datum_t data = {input.ptr, (unsigned)input.len};
	uint64_t start = clock_monotonic_us();

	for (int i = 0; i < TIMES; i++)
		must(gnutls_pubkey_verify_data2(pub, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &der) >=
		     0);
	return (double)(clock_monotonic_us() - start) / TIMES;
}

int main(int argc, char *argv[])
{
	struct key_parts parts;
	uint32_t rounds = ROUNDS;
	uint8_t x[32], y[32];

	if (argc > 2 || (argc == 2 && !parse_u32(span_str(argv[1]), &rounds)))
		return 2;
	must(key_generate(KEY_P256, &key) == 0);
	parts = key_public_parts(key);
	must(gnutls_pubkey_init(&pub) == 0);
	memcpy(x, parts.x.ptr, sizeof(x));
	memcpy(y, parts.y.ptr, sizeof(y));
	must(gnutls_pubkey_import_ecc_raw(pub, GNUTLS_ECC_CURVE_SECP256R1,
					  &(gnutls_datum_t){x, sizeof(x)},
					  &(gnutls_datum_t){y, sizeof(y)}) == 0);
	make_message();
	make_trust();
	for (uint32_t i = 0; i < rounds; i++) {
		double a = ours();

		(void)printf("verify_round %.1f %.1f us\n", a, bare());
	}
	return 0;
}
