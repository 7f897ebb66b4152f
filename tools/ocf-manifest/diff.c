#include "document.h"
#include "verbs.h"

static bool same(const struct jsn *a, const struct jsn *b)
{
	struct buf x CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	struct buf y CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);

	return a && b && jsn_write(a, JSN_SORTED, &x) == 0 && jsn_write(b, JSN_SORTED, &y) == 0 &&
	       span_eq(buf_span(&x), buf_span(&y));
}

static struct jsn *or_null(const struct jsn *v)
{
	return v ? jsn_copy(v) : jsn_new_null();
}

static void add_change(struct jsn *changes, const char *member, const struct jsn *old,
		       const struct jsn *new)
{
	struct jsn *change;

	if (same(old, new))
		return;
	change = jsn_new_object();
	jsn_set_str(change, "member", member);
	jsn_set(change, "old", or_null(old));
	jsn_set(change, "new", or_null(new));
	jsn_add(changes, change);
}

/* Members of the new manifest in its order, then those that only the old one has. */
static struct jsn *compare(const struct jsn *old, const struct jsn *new)
{
	struct jsn *changes = jsn_new_array();
	struct span name;

	for (size_t i = 0; i < jsn_len(new); i++) {
		const struct jsn *v = jsn_member(new, i, &name);

		add_change(changes, (const char *)name.ptr, jsn_get(old, (const char *)name.ptr),
			   v);
	}
	for (size_t i = 0; i < jsn_len(old); i++) {
		const struct jsn *v = jsn_member(old, i, &name);

		if (!jsn_get(new, (const char *)name.ptr))
			add_change(changes, (const char *)name.ptr, v, NULL);
	}
	return changes;
}

static void print_value(const char *sign, const struct jsn *change, const char *which)
{
	struct buf name CLEANUP(buf_done) = BUF_INIT(6 * MANIFEST_BYTES_MAX);
	struct buf text CLEANUP(buf_done) = BUF_INIT(6 * MANIFEST_BYTES_MAX);
	const struct jsn *v = jsn_get(change, which);

	if (jsn_type(v) != JSN_NULL && jsn_write(v, JSN_LINE, &text) == 0 &&
	    jsn_write(jsn_get(change, "member"), JSN_LINE, &name) == 0)
		(void)printf("%s %.*s: %.*s\n", sign, (int)name.len - 2, /* without its quotes */
			     (const char *)name.ptr + 1, (int)text.len, (const char *)text.ptr);
}

/* Takes the changes. */
static enum cli_exit print_changes(const struct cli *cli, struct jsn *changes)
{
	const size_t n = jsn_len(changes);
	struct jsn *root;

	if (cli->json) {
		root = jsn_new_object();
		jsn_set_bool(root, "same", n == 0);
		jsn_set(root, "changes", changes);
		return json_print(root) != CLI_OK ? CLI_USAGE : n == 0 ? CLI_OK : CLI_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		print_value("-", jsn_at(changes, i), "old");
		print_value("+", jsn_at(changes, i), "new");
	}
	(void)jsn_free(changes);
	return n == 0 ? CLI_OK : CLI_FAILED;
}

static enum cli_exit diff(const struct cli *cli)
{
	CLEANUP(ring_done) struct ring ring = {0};
	CLEANUP(document_done) struct document old = {0}, new = {0};

	if (ring_read(cli, &ring) < 0 || document_read(cli->operands[0], &ring.keys, &old) < 0 ||
	    document_read(cli->operands[1], &ring.keys, &new) < 0)
		return CLI_USAGE;
	if (!old.manifest || !new.manifest) {
		document_refuse(cli->operands[old.manifest ? 1 : 0], old.manifest ? &new : &old);
		return CLI_USAGE;
	}
	return print_changes(cli, compare(old.manifest->tree, new.manifest->tree));
}

static const struct cli_option OPTIONS[] = {DECRYPT_OPTION};

const struct cli_verb VERB_DIFF = {
	.name = "diff",
	.operands = "OLD NEW",
	.operands_min = 2,
	.operands_max = 2,
	.summary = "Prints the members in which two manifests differ",
	.help = "Takes every form, signed or not, and verifies nothing. Exit: 1 they "
		"differ,\n"
		"2 there is no answer.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.answer = "same",
	.example = "www/.well-known/firmware/example.com/gw-100/manifest.json manifest.json",
	.run = diff,
};
