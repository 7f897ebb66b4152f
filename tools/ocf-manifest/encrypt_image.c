#include <sys/stat.h>

#include "crypto/ece.h"
#include "crypto/jwe.h"
#include "crypto/rng.h"
#include "files.h"
#include "verbs.h"

static const struct cli_option OPTIONS[] = {
	{"key",  "FILE", "public or symmetric key of the devices, with its alg",             CLI_REQUIRED},
	{"info", "FILE", "what create --encryption wants to know; default: standard output", 0           },
};

/* The encrypted image on its way. */
struct sealing {
	struct files_draft draft;
	struct hash_set *hashes;
	uint64_t size;
	struct ece *ece;
};

static int put(void *arg, struct span data)
{
	struct sealing *s = arg;
	int r = files_put(&s->draft, data);

	s->size += data.len;
	return r < 0 ? r : hash_set_update(s->hashes, data);
}

static int take(void *arg, struct span piece)
{
	struct sealing *s = arg;

	return ece_feed(s->ece, piece);
}

static int seal(struct sealing *s, const char *from, const char *to, struct span ikm,
		struct span keyid, struct digests *ret)
{
	const struct ece_sink sink = {.put = put, .arg = s};
	int r = hash_set_new(&s->hashes, HASH_BIT(HASH_SHA256));

	if (r == 0)
		r = files_begin(&s->draft, to, FILES_PUBLIC);
	if (r == 0)
		r = ece_seal_new(&s->ece, ikm, keyid, ECE_RECORD_OURS, &sink);
	if (r == 0)
		r = files_each(from, 0, FILES_WHOLE, take, s);
	if (r == 0)
		r = ece_end(s->ece);
	if (r == 0)
		r = files_place(&s->draft, to);
	if (r == 0)
		hash_set_final(s->hashes, ret);
	return r;
}

/* The member of the manifest, and where the encrypted image lies. */
static struct jsn *describe(const char *to, const struct sealing *s, struct span key,
			    const char *kid, const struct digests *digests)
{
	struct jsn *root = jsn_new_object(), *e = jsn_new_object();
	const char *slash = strrchr(to, '/');

	jsn_set_str(e, "coding", "aes128gcm");
	jsn_set_text(e, "key", key);
	jsn_set_str(e, "keyId", kid);
	jsn_set_int(e, "size", (int64_t)s->size);
	jsn_set(e, "commitHash", commit_hash(digests));
	jsn_set_str(root, "location", slash ? slash + 1 : to);
	jsn_set(root, "encryption", e);
	return root;
}

static int encrypt_to(const struct cli *cli, const struct enc_key *k, struct sealing *s)
{
	const char *info = cli_value(cli, "info") ? cli_value(cli, "info") : "-";
	struct buf key CLEANUP(buf_done) = BUF_INIT(MANIFEST_TEXT_MAX);
	uint8_t ikm[ECE_IKM_LEN];
	struct digests digests;
	struct jsn *v;
	int r;

	rng_fill(ikm, sizeof(ikm));
	r = jwe_encrypt(k, ENC_A256GCM, NULL, NULL, span_of(ikm, sizeof(ikm)), &key);
	if (r == 0)
		r = seal(s, cli->operands[0], cli->operands[1], span_of(ikm, sizeof(ikm)),
			 span_str(enc_key_kid(k)), &digests);
	explicit_bzero(ikm, sizeof(ikm));
	if (r < 0) {
		cli_say("%s: %s", cli->operands[1], strerror(-r));
		return r;
	}
	v = describe(cli->operands[1], s, buf_span(&key), enc_key_kid(k), &digests);
	r = json_write(info, v, JSN_PRETTY, FILES_PUBLIC);
	(void)jsn_free(v);
	return r < 0 ? r : output_report(cli, info);
}

/* The plain image is still needed, to describe it. */
static bool are_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum cli_exit encrypt_image(const struct cli *cli)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	struct sealing s = {.draft = {.fd = -1}};
	int r;

	if (strcmp(cli->operands[1], "-") == 0 || are_same(cli->operands[0], cli->operands[1])) {
		cli_say("%s: give another name for the encrypted image", cli->operands[1]);
		return CLI_USAGE;
	}
	if (access(cli->operands[0], R_OK) < 0)
		return cli_fail("%s: %s", cli->operands[0], strerror(errno));
	if (!url_name(cli->operands[1]) || enc_key_read(cli_value(cli, "key"), &k) < 0)
		return CLI_FAILED;
	r = encrypt_to(cli, k, &s);
	s.ece = ece_free(s.ece);
	s.hashes = hash_set_free(s.hashes);
	files_drop(&s.draft);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_verb VERB_ENCRYPT_IMAGE = {
	.name = "encrypt-image",
	.operands = "IMAGE OUT",
	.operands_min = 2,
	.operands_max = 2,
	.summary = "Encrypts an image to the key of the devices (RFC 8188)",
	.help = "With a key of its own, which is encrypted to the devices and goes into the "
		"manifest:\n"
		"give the info file to create --encryption, together with the plain image. Devices "
		"fetch\n"
		"OUT, and decrypt it while they write it.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.example = "--key device.pub.jwk --info info.json gw-100.img gw-100.img.enc",
	.run = encrypt_image,
};
