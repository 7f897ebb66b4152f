#include "tag.h"

#include "base/parse.h"
#include "codec/jsn.h"
#include "store/store.h"

#define FORMAT     1 /* rises when an older program could not read the record */
#define RECORD     "tag"
#define RECORD_MAX ((size_t)8 * 1024)

static const struct jsn_limits LIMITS = {.bytes = RECORD_MAX, .depth = 2};

int tag_save(struct store *s, const struct tag *t)
{
	struct jsn *o CLEANUP(jsn_freep) = jsn_new_object();
	CLEANUP(buf_done) struct buf out = BUF_INIT(RECORD_MAX);
	char hex[2 * sizeof(t->manifest) + 1];
	int r;

	hex_encode(span_of(t->manifest, sizeof(t->manifest)), hex);
	jsn_set_int(o, "format", FORMAT);
	jsn_set_str(o, "manifest", hex);
	jsn_set_str(o, "url", t->url);
	jsn_set_str(o, "etag", t->etag);
	r = jsn_write(o, JSN_COMPACT, &out);
	return r < 0 ? r : store_put(s, RECORD, buf_span(&out));
}

static bool get_text(const struct jsn *o, const char *name, char *ret, size_t room)
{
	const struct jsn *v = jsn_get(o, name);

	return jsn_type(v) == JSN_TEXT && span_to_str(jsn_text(v), ret, room) == 0;
}

bool tag_read(struct span text, struct tag *ret)
{
	struct jsn *o CLEANUP(jsn_freep) = NULL;
	struct tag t = {0};

	if (jsn_parse(text, &LIMITS, &o) != JSN_OK || jsn_int(jsn_get(o, "format")) != FORMAT ||
	    !hex_decode(jsn_text(jsn_get(o, "manifest")), t.manifest, sizeof(t.manifest)) ||
	    !get_text(o, "url", t.url, sizeof(t.url)) ||
	    !get_text(o, "etag", t.etag, sizeof(t.etag)))
		return false;
	*ret = t;
	return true;
}

void tag_load(struct store *s, struct tag *ret)
{
	CLEANUP(buf_done) struct buf b = BUF_INIT(RECORD_MAX);

	if (store_get(s, RECORD, &b) < 0 || !tag_read(buf_span(&b), ret))
		*ret = (struct tag){0};
}
