#include "blame.h"

#include "cli.h"
#include "fw/manifest.h"

/* A sound value of every member that must be there. */
static const char SOUND[] =
	"{\"manifestVersion\":\"1.0\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"manufacturer\":"
	"\"m\","
	"\"model\":\"m\",\"firmwareVersion\":\"1.0.0\",\"firmwareLocation\":\"./\","
	"\"firmwareCryptoInfo\":{\"commitHash\":[{\"digestAlgo\":\"sha256\",\"hash\":"
	"\"0000000000000000000000000000000000000000000000000000000000000000\"}]}}";

static bool parse(struct span text, struct jsn **ret)
{
	const struct jsn_limits limits = {.bytes = text.len, .depth = MANIFEST_DEPTH_MAX};

	return jsn_parse(text, &limits, ret) == JSN_OK;
}

/* Is the error another one with this member as it should be, or left out? */
static bool is_at_fault(const struct jsn *root, const char *name, const struct jsn *sound,
			enum fw_error e)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	CLEANUP(jsn_freep) struct jsn *copy = jsn_copy(root);
	struct buf text CLEANUP(buf_done) = BUF_INIT(2 * MANIFEST_BYTES_MAX);

	if (sound)
		jsn_set(copy, name, jsn_copy(sound));
	else
		jsn_del(copy, name);
	return jsn_write(copy, JSN_COMPACT, &text) == 0 &&
	       manifest_parse(buf_span(&text), ENVELOPE_JSON, 0, &m) != e;
}

static const char *find_fault(const struct jsn *root, const struct jsn *sound, enum fw_error e)
{
	struct span name;

	for (size_t i = 0; i < jsn_len(sound); i++) {
		const struct jsn *v = jsn_member(sound, i, &name);

		if (is_at_fault(root, (const char *)name.ptr, v, e))
			return (const char *)name.ptr;
	}
	for (size_t i = 0; i < jsn_len(root); i++) {
		(void)jsn_member(root, i, &name);
		if (!jsn_get(sound, (const char *)name.ptr) &&
		    is_at_fault(root, (const char *)name.ptr, NULL, e))
			return (const char *)name.ptr;
	}
	return NULL;
}

/* The name is that of whoever made the manifest. */
static bool is_printable(const char *name)
{
	while (*name >= ' ' && *name <= '~')
		name++;
	return *name == '\0';
}

void blame(const char *what, struct span payload, enum fw_error e)
{
	CLEANUP(jsn_freep) struct jsn *root = NULL, *sound = NULL;
	struct buf text CLEANUP(buf_done) = BUF_INIT(MANIFEST_TEXT_MAX);
	const char *name = NULL;

	if ((e == FWE_MANIFEST_FIELD_MISSING || e == FWE_MANIFEST_FIELD_TYPE ||
	     e == FWE_MANIFEST_FIELD_VALUE) &&
	    parse(payload, &root) && parse(span_str(SOUND), &sound))
		name = find_fault(root, sound, e);
	if (name && !is_printable(name))
		name = NULL;
	buf_printf(&text, "%s%s%s", what, name ? ": " : "", name ? name : "");
	buf_put_byte(&text, '\0');
	cli_refuse(buf_ok(&text) ? (const char *)text.ptr : what, e);
}
