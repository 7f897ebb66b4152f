#include "document.h"
#include "verbs.h"

static struct jsn *signature(struct span alg, struct span kid)
{
	struct jsn *entry = jsn_new_object();

	jsn_set_text(entry, "alg", alg);
	if (kid.ptr)
		jsn_set_text(entry, "kid", kid);
	return entry;
}

static struct jsn *signatures(const struct document *d)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; d->jws && i < d->jws->n; i++)
		jsn_add(array, signature(d->jws->entries[i].alg, d->jws->entries[i].kid));
	for (size_t i = 0; d->cose && i < d->cose->n; i++) {
		const struct cose_entry *e = &d->cose->entries[i];

		jsn_add(array, signature(span_str(e->known ? sig_alg_name(e->alg) : "unknown"),
					 e->has_kid ? buf_span(&e->kid) : span_of(NULL, 0)));
	}
	return array;
}

static enum cli_exit show(const struct cli *cli)
{
	CLEANUP(ring_done) struct ring ring = {0};
	CLEANUP(document_done) struct document d = {0};
	struct jsn *root;

	if (ring_read(cli, &ring) < 0 || document_read(cli->operands[0], &ring.keys, &d) < 0)
		return CLI_FAILED;
	root = jsn_new_object();
	if (document_is_encrypted(&d))
		jsn_set_bool(root, "encrypted", true);
	jsn_set_str(root, "form", document_form_name(d.form));
	jsn_set_bool(root, "verified", false);
	jsn_set(root, "signatures", signatures(&d));
	if (d.manifest)
		jsn_set(root, "manifest", jsn_copy(d.manifest->tree));
	else
		jsn_set_str(root, "error", fw_error_name(d.error));
	return json_print(root);
}

static const struct cli_option OPTIONS[] = {DECRYPT_OPTION};

const struct cli_verb VERB_SHOW = {
	.name = "show",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Prints what a manifest says and who claims to have signed it",
	.help = "Verifies nothing. Prints JSON with and without --json.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.example = "manifest.json",
	.run = show,
};
