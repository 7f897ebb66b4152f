#include "container.h"
#include "files.h"
#include "verbs.h"

#define TRUST_OPTION                                                                               \
	{                                                                                          \
		"trust", "FILE", "trust store of the devices: say no if they would", 0             \
	}

#define STYLE_OPTIONS                                                                              \
	{"out", "FILE", "default: standard output", 0},                                            \
		{"compact", NULL, "compact serialization instead of general JSON", 0},             \
		{"flattened", NULL, "flattened JSON instead of general JSON", 0},                  \
	{                                                                                          \
		"several", NULL, "CBOR: COSE_Sign, which takes further signatures", false          \
	}

static bool read_style(const struct cli *cli, enum container_style *ret)
{
	static const struct {
		const char *name;
		enum container_style style;
	} STYLES[] = {
		{"compact",   CONTAINER_COMPACT  },
		{"flattened", CONTAINER_FLATTENED},
		{"several",   CONTAINER_SEVERAL  },
	};
	size_t n = 0;

	*ret = CONTAINER_DEFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(STYLES); i++) {
		if (cli_value(cli, STYLES[i].name)) {
			*ret = STYLES[i].style;
			n++;
		}
	}
	if (n > 1)
		cli_say("one of --compact, --flattened and --several");
	return n <= 1;
}

/* A trust store with this key alone, as the maker's devices would have it; a root key, since
 * nothing here tells that it is none. */
static int trust_only(const struct key *k, const char *manufacturer, struct trust **ret)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	struct jsn *keys = jsn_new_array(), *jwk = jwk_export(k);
	struct jsn *roles = jsn_new_array(), *manufacturers = jsn_new_array();
	struct buf text = BUF_INIT(JWK_FILE_MAX);
	char error[128] = "no memory";
	int r;

	jsn_add(roles, jsn_new_text(SPAN_LIT("manifest")));
	jsn_add(roles, jsn_new_text(SPAN_LIT("root")));
	jsn_add(manufacturers, jsn_new_text(span_str(manufacturer)));
	jsn_set(jwk, "x-ocf-roles", roles);
	jsn_set(jwk, "x-ocf-manufacturers", manufacturers);
	jsn_add(keys, jwk);
	jsn_set(root, "keys", keys);
	r = jsn_write(root, JSN_COMPACT, &text);
	if (r == 0)
		r = trust_parse(buf_span(&text), ret, error, sizeof(error));
	if (r < 0)
		cli_say("the key: %s", error);
	buf_done(&text);
	return r;
}

/* What no device would take must not leave the house. */
static int check_result(const struct cli *cli, const struct key *k, const struct manifest *m,
			struct span octets)
{
	CLEANUP(trust_freep) struct trust *trust = NULL;
	const char *path = cli_value(cli, "trust");
	int r = path ? trust_read(path, &trust) : trust_only(k, m->manufacturer, &trust);

	if (r == 0 && !devices_take(m, trust, NULL, 1, octets))
		r = -EBADMSG;
	return r;
}

static int finish(const struct cli *cli, const struct key *k, const struct signing *s,
		  struct span signature)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	int r = signing_finish(s, signature, &octets);

	if (r < 0)
		cli_refuse("devices would refuse it", FWE_MANIFEST_TOO_LARGE);
	if (r == 0)
		r = check_result(cli, k, s->d->manifest, buf_span(&octets));
	return r < 0 ? r : output_octets(cli, buf_span(&octets));
}

static int sign_here(const struct cli *cli, const struct key *k, const struct signing *s)
{
	struct buf signature CLEANUP(buf_done) = BUF_INIT(KEY_SIGNATURE_MAX);
	int r = key_sign(k, buf_span(&s->input), &signature);

	if (r == -EKEYREJECTED)
		cli_say("the key is damaged: its halves do not belong together");
	else if (r < 0)
		cli_say("cannot sign: %s", strerror(-r));
	return r < 0 ? r : finish(cli, k, s, buf_span(&signature));
}

static int write_input(const struct cli *cli, const struct key *k, const struct signing *s)
{
	(void)k;
	return output_octets(cli, buf_span(&s->input));
}

static int attach(const struct cli *cli, const struct key *k, const struct signing *s)
{
	const char *path = cli_value(cli, "signature");
	struct buf given CLEANUP(buf_done) = BUF_INIT(KEY_SIGNATURE_MAX);
	struct buf signature CLEANUP(buf_done) = BUF_INIT(KEY_SIGNATURE_MAX);
	int r = files_read(path, &given);

	if (r < 0) {
		cli_say("%s: %s", path, strerror(-r));
		return r;
	}
	r = key_take_signature(k, buf_span(&s->input), buf_span(&given), &signature);
	if (r == -EBADMSG)
		cli_say("%s: not a signature of this key over sign-input; were --compact, "
			"--flattened and --several the same?",
			path);
	else if (r < 0)
		cli_say("%s: %s", path, strerror(-r));
	return r < 0 ? r : finish(cli, k, s, buf_span(&signature));
}

/* What the three verbs have in common: a key, a manifest, and the signature between them. */
static enum cli_exit
with_signing(const struct cli *cli, int (*read_key)(const char *path, struct key **ret),
	     int (*act)(const struct cli *cli, const struct key *k, const struct signing *s))
{
	CLEANUP(key_freep) struct key *k = NULL;
	enum container_style style;
	struct signing s = {0};
	struct document d;
	int r = -EINVAL;

	if (!read_style(cli, &style))
		return CLI_USAGE;
	if (read_key(cli_value(cli, "key"), &k) < 0 ||
	    document_read(cli->operands[0], NULL, &d) < 0)
		return CLI_FAILED;
	if (!d.manifest)
		document_refuse(cli->operands[0], &d);
	else
		r = signing_prepare(&d, k, style, &s);
	if (r == 0)
		r = act(cli, k, &s);
	signing_done(&s);
	document_done(&d);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static enum cli_exit sign(const struct cli *cli)
{
	return with_signing(cli, key_read_private, sign_here);
}

static const struct cli_option SIGN_OPTIONS[] = {
	{"key", "FILE", "private key of mode 0600, JWK or PEM, or a pkcs11: URL", CLI_REQUIRED},
	TRUST_OPTION,
	STYLE_OPTIONS,
};

const struct cli_verb VERB_SIGN = {
	.name = "sign",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Signs a manifest, or adds a signature to a signed one",
	.help = "Signs the octets of the file as they are: JSON becomes a JWS, CBOR a COSE "
		"message.\n"
		"Refuses what devices that trust the key would refuse, an expired manifest for\n"
		"instance; with --trust also a key that is revoked, over, or not for this.",
	.options = SIGN_OPTIONS,
	.n_options = ARRAY_SIZE(SIGN_OPTIONS),
	.octets = true,
	.example = "--key release.jwk --out manifest.json m.json",
	.run = sign,
};

static enum cli_exit sign_input(const struct cli *cli)
{
	return with_signing(cli, key_read_public, write_input);
}

static const struct cli_option INPUT_OPTIONS[] = {
	{"key", "FILE", "public key of the signature to come", CLI_REQUIRED},
	STYLE_OPTIONS,
};

const struct cli_verb VERB_SIGN_INPUT = {
	.name = "sign-input",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Writes the octets that a key elsewhere is to sign",
	.help = "For keys that never leave their machine: carry the octets there, sign them (ES256 "
		"is\n"
		"ECDSA with SHA-256, EdDSA and HSS-LMS take the octets as they are), and bring "
		"the\n"
		"signature back to attach-signature.",
	.options = INPUT_OPTIONS,
	.n_options = ARRAY_SIZE(INPUT_OPTIONS),
	.octets = true,
	.example = "--key release.pem --out input m.json",
	.run = sign_input,
};

static enum cli_exit attach_signature(const struct cli *cli)
{
	return with_signing(cli, key_read_public, attach);
}

static const struct cli_option ATTACH_OPTIONS[] = {
	{"key",       "FILE", "public key that made the signature",                      CLI_REQUIRED},
	{"signature", "FILE", "its octets: as in JWS, or for ECDSA as openssl has them",
	 CLI_REQUIRED										},
	TRUST_OPTION,
	STYLE_OPTIONS,
};

const struct cli_verb VERB_ATTACH_SIGNATURE = {
	.name = "attach-signature",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Adds a signature that was made elsewhere over sign-input",
	.help = "The manifest and the options are those of sign-input. The signature is checked "
		"first,\n"
		"and the result as sign does.",
	.options = ATTACH_OPTIONS,
	.n_options = ARRAY_SIZE(ATTACH_OPTIONS),
	.octets = true,
	.example = "--key release.pem --signature sig --out manifest.json m.json",
	.run = attach_signature,
};
