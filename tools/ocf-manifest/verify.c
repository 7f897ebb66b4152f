#include "base/parse.h"
#include "context.h"
#include "document.h"
#include "files.h"
#include "hints.h"
#include "images.h"

static const struct cli_option OPTIONS[] = {
	{"trust",   "FILE", "trust store: a JWK Set with roles and manufacturers", CLI_REQUIRED  },
	{"context", "FILE", "state and policy of an imagined device, as JSON",     0             },
	DECRYPT_OPTION,
	{"image",   "FILE", "image as received, in list order",                    CLI_REPEATABLE},
};

struct verification {
	const struct cli *cli;
	struct context context;
	struct trust *trust;
	struct ring ring;
	struct buf octets;
	uint64_t image;       /* where it begins in a direct file; 0: none */
	enum fw_error damage; /* of a direct file */
	struct fw_judgement j;
	struct document peek; /* the manifest unverified, for adopt_identity() */
};

static struct jsn *or_null(enum fw_error e)
{
	return e == FWE_OK ? jsn_new_null() : jsn_new_text(span_str(fw_error_name(e)));
}

static struct jsn *signers(const struct envelope *env)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < env->n_signers; i++)
		jsn_add(array, jsn_new_text(span_str(env->signers[i]->kid)));
	return array;
}

static struct jsn *images(const struct verification *v)
{
	const struct manifest *m = v->j.manifest;
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < m->n_images; i++) {
		struct jsn *image = jsn_new_object();
		char url[URL_MAX + 1];

		if (m->images[i].name)
			jsn_set_str(image, "name", m->images[i].name);
		jsn_set_str(image, "location", m->images[i].location);
		if (v->context.manifest_url &&
		    manifest_image_url(m, i, span_str(v->context.manifest_url), url) == FWE_OK)
			jsn_set_str(image, "url", url);
		if (m->images[i].size != MANIFEST_SIZE_UNKNOWN)
			jsn_set_int(image, "size", (int64_t)m->images[i].size);
		jsn_add(array, image);
	}
	return array;
}

static struct jsn *report(const struct verification *v)
{
	const struct manifest *m = v->j.manifest;
	struct jsn *root = jsn_new_object();
	char text[2 * sizeof(v->j.sha256) + 1];

	jsn_set_str(root, "verdict", fw_verdict_name(v->j.verdict));
	jsn_set(root, "error", or_null(v->j.error));
	jsn_set(root, "warning", or_null(v->j.warning));
	jsn_set(root, "signers", signers(&v->j.envelope));
	if (!m)
		return root;
	hex_encode(span_of(v->j.sha256, sizeof(v->j.sha256)), text);
	jsn_set_str(root, "sha256", text);
	jsn_set_str(root, "manufacturer", m->manufacturer);
	jsn_set_str(root, "model", m->model);
	fw_version_format(&m->version, text);
	jsn_set_str(root, "firmwareVersion", text);
	jsn_set(root, "images", images(v));
	jsn_set_bool(root, "rotatesKeys", v->j.rotates_keys);
	return root;
}

static void print(const struct verification *v)
{
	(void)printf("%s", fw_verdict_name(v->j.verdict));
	if (v->j.error != FWE_OK)
		(void)printf(" %s", fw_error_name(v->j.error));
	(void)printf("\n");
	if (*hint_for(v->j.error) != '\0') {
		(void)fflush(stdout);
		cli_say("%s", hint_for(v->j.error));
	}
	if (v->j.warning != FWE_OK)
		(void)printf("warning %s\n", fw_error_name(v->j.warning));
	for (size_t i = 0; i < v->j.envelope.n_signers; i++)
		(void)printf("signed by %s\n", v->j.envelope.signers[i]->kid);
}

/* Without a context the device is of the kind that the manifest names. */
static void adopt_identity(struct verification *v)
{
	struct fw_context *c = &v->context.fw;
	const struct manifest *m;

	if (c->manufacturer && c->model) /* nothing to ask of what nobody has verified */
		return;
	if (document_open(buf_span(&v->octets), &v->ring.keys, &v->peek) == FWE_INTERNAL)
		cli_say("out of memory");
	m = v->peek.manifest;
	if (!c->manufacturer)
		c->manufacturer = m ? m->manufacturer : "";
	if (!c->model)
		c->model = m ? m->model : "";
	if (!c->hardware && !v->context.tree && m && m->hardware)
		c->hardware = jsn_str(jsn_at(m->hardware, 0));
}

/* One octet beyond the limit is enough to see that it is too large. */
static int read_octets(struct verification *v, const char *path)
{
	size_t max = v->context.fw.bytes_max ? v->context.fw.bytes_max : MANIFEST_BYTES_MAX;
	int r;

	v->octets = BUF_INIT(max + 1);
	r = files_read_manifest(path, &v->octets, &v->image, &v->damage);
	if (r == -EFBIG) {
		v->octets.len = max + 1;
		r = 0;
	}
	if (r < 0 && v->damage == FWE_OK)
		cli_say("%s: %s", path, strerror(-r));
	return v->damage == FWE_OK ? r : 0;
}

static void judge_octets(struct verification *v)
{
	if (v->damage != FWE_OK) {
		v->j = (struct fw_judgement){.verdict = FW_REJECT, .error = v->damage};
		return;
	}
	adopt_identity(v);
	v->context.fw.ring = &v->ring.keys;
	v->context.fw.direct = v->image > 0;
	fw_judge(&v->context.fw, v->trust, buf_span(&v->octets), &v->j);
}

/* What a device finds out after it has accepted a manifest. False: told. */
static bool judge_images(struct verification *v, const struct cli_values *files)
{
	const char *url = v->context.manifest_url;

	v->j.error = plan_check(v->j.manifest, url ? url : BASE_URL);
	if (v->j.error == FWE_OK && files->n > 0 &&
	    images_check(v->j.manifest, &v->ring.keys, files, v->image, &v->j.error) < 0)
		return false;
	if (v->j.error != FWE_OK)
		v->j.verdict = FW_REJECT;
	return true;
}

static enum cli_exit judge(struct verification *v)
{
	const struct cli_values itself = {.at = {v->cli->operands[0]}, .n = 1};
	const struct cli_values *files = v->image > 0 ? &itself : cli_values(v->cli, "image");

	if (v->image > 0 && cli_values(v->cli, "image")->n > 0) {
		cli_say("%s: it holds its image; leave --image out", v->cli->operands[0]);
		return CLI_USAGE;
	}
	judge_octets(v);
	if (v->j.verdict == FW_ACCEPT && !judge_images(v, files))
		return CLI_USAGE;
	if (!v->cli->json)
		print(v);
	else if (json_print(report(v)) != CLI_OK)
		return CLI_USAGE;
	return v->j.verdict == FW_ACCEPT ? CLI_OK : CLI_FAILED;
}

static enum cli_exit verify(const struct cli *cli)
{
	/* Test keys in a checkout are open to all, and nothing is told that was hidden. */
	struct verification v = {.cli = cli, .ring = {.may_be_open = true}};
	enum cli_exit r = CLI_USAGE;

	context_init(&v.context);
	if ((!cli_value(cli, "context") ||
	     context_read(cli_value(cli, "context"), &v.context) == 0) &&
	    trust_read(cli_value(cli, "trust"), &v.trust) == 0 && ring_read(cli, &v.ring) == 0 &&
	    read_octets(&v, cli->operands[0]) == 0)
		r = judge(&v);
	fw_judgement_done(&v.j);
	document_done(&v.peek);
	buf_done(&v.octets);
	v.trust = trust_free(v.trust);
	ring_done(&v.ring);
	context_done(&v.context);
	return r;
}

const struct cli_verb VERB_VERIFY = {
	.name = "verify",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Says what a device would: accept, reject or no-update, and why",
	.help = "Uses the library and the policy of ocf-fwupd. Without --context the device is of "
		"the\n"
		"kind the manifest names, has no history and a clock that is right. Exit: 0 "
		"accepted,\n"
		"1 rejected or no update, 2 no verdict: wrong options, or a file that cannot be "
		"read.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.answer = "verdict",
	.example = "--trust trust.jwks --image gw-100-2.4.1.img manifest.json",
	.run = verify,
};
