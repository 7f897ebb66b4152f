#include "base/clock.h"
#include "crypto/cose_encrypt.h"
#include "crypto/jwe.h"
#include "document.h"
#include "verbs.h"

#define JWE_TYP "ocf-fw-manifest+jwe"

static const struct cli_option ENCRYPT_OPTIONS[] = {
	{"key", "FILE", "public or symmetric key of the devices, with its alg", CLI_REQUIRED},
	{"enc", "NAME", "A256GCM (default) or A128GCM",                         0           },
	{"out", "FILE", "default: standard output",                             0           },
};

/* What devices would refuse whichever keys they trust. */
static enum fw_error find_fault(const struct manifest *m, struct span octets)
{
	const struct envelope_policy policy = {.bytes_max = MANIFEST_BYTES_MAX,
					       .algs = SIG_ALL,
					       .typ = MANIFEST_TYP,
					       .content_type = MANIFEST_CONTENT_TYPE};
	CLEANUP(trust_freep) struct trust *nobody = NULL;
	const uint64_t now = clock_real_us();
	enum fw_error e = FWE_INTERNAL;
	struct envelope env;
	char error[128];

	if (trust_parse(SPAN_LIT("{\"keys\":[]}"), &nobody, error, sizeof(error)) == 0)
		e = envelope_open(octets, nobody, &policy, &env);
	if (e != FWE_MANIFEST_KEY_UNKNOWN)
		return e;
	if (m->timestamp_us > now && m->timestamp_us - now > FW_FUTURE_MAX_US)
		return FWE_MANIFEST_TIMESTAMP_FUTURE;
	if ((m->has & MANIFEST_EXPIRES) != 0 && m->expires_us <= now)
		return FWE_MANIFEST_EXPIRED;
	return plan_check(m, BASE_URL);
}

static int encrypt_document(const struct cli *cli, const struct enc_key *k,
			    enum enc_content content, const struct document *d)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	enum fw_error e;
	int r;

	if (!d->jws && !d->cose) {
		cli_say("%s: sign it first", cli->operands[0]);
		return -EINVAL;
	}
	if (!d->manifest) {
		document_refuse("devices would refuse it", d);
		return -EINVAL;
	}
	e = find_fault(d->manifest, buf_span(&d->octets));
	if (e != FWE_OK) {
		cli_refuse("devices would refuse it", e);
		return -EINVAL;
	}
	r = d->cose ? cose_encrypt(k, content, (struct span){0}, buf_span(&d->octets), &octets)
		    : jwe_encrypt(k, content, JWE_TYP,
				  d->form == DOCUMENT_COMPACT ? "jose" : "jose+json",
				  buf_span(&d->octets), &octets);
	if (r == -EINVAL)
		cli_say("the key is for direct use, and does not fit --enc");
	else if (r < 0)
		cli_refuse("devices would refuse it", FWE_MANIFEST_TOO_LARGE);
	return r < 0 ? r : output_octets(cli, buf_span(&octets));
}

static enum cli_exit encrypt(const struct cli *cli)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(document_done) struct document d = {0};
	const char *name = cli_value(cli, "enc");
	enum enc_content content = ENC_A256GCM;

	if (name && !enc_content_from_name(span_str(name), &content)) {
		cli_say("--enc: want A256GCM or A128GCM");
		return CLI_USAGE;
	}
	if (enc_key_read(cli_value(cli, "key"), &k) < 0 ||
	    document_read(cli->operands[0], NULL, &d) < 0)
		return CLI_FAILED;
	return encrypt_document(cli, k, content, &d) < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_verb VERB_ENCRYPT = {
	.name = "encrypt",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Encrypts a signed manifest to the key of the devices",
	.help = "First sign, then encrypt: the signature covers what devices act upon, and is\n"
		"hidden, too. A JWS becomes a JWE, a COSE message COSE_Encrypt or, for a key of\n"
		"direct use, COSE_Encrypt0.",
	.options = ENCRYPT_OPTIONS,
	.n_options = ARRAY_SIZE(ENCRYPT_OPTIONS),
	.octets = true,
	.example = "--key device.pub.jwk --out manifest.jwe manifest.json",
	.run = encrypt,
};

static const struct cli_option DECRYPT_OPTIONS[] = {
	{"decrypt-key", "FILE", "key of the devices",       CLI_REQUIRED | CLI_REPEATABLE},
	{"out",         "FILE", "default: standard output", 0                            },
};

static enum cli_exit decrypt(const struct cli *cli)
{
	CLEANUP(ring_done) struct ring ring = {0};
	CLEANUP(document_done) struct document d = {0};

	if (ring_read(cli, &ring) < 0 || document_read(cli->operands[0], &ring.keys, &d) < 0)
		return CLI_FAILED;
	if (!document_is_encrypted(&d))
		return cli_fail("%s: it is not encrypted", cli->operands[0]);
	return output_octets(cli, buf_span(&d.inner)) < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_verb VERB_DECRYPT = {
	.name = "decrypt",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Takes the encryption off a manifest; the signature stays",
	.help = "Verifies nothing but that the message is whole.",
	.options = DECRYPT_OPTIONS,
	.n_options = ARRAY_SIZE(DECRYPT_OPTIONS),
	.octets = true,
	.example = "--decrypt-key device.jwk --out manifest.json manifest.jwe",
	.run = decrypt,
};
