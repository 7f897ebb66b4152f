#include "fw/offline.h"

#include "base/buf.h"
#include "base/parse.h"

#define SCHEME "file://"

static bool is_dots(struct span s)
{
	return span_is(s, ".") || span_is(s, "..");
}

/* The reverse, for a path that begins with '/'. No part of it may lead up. */
static bool take_path(struct span text, char ret[OFFLINE_PATH])
{
	char path[OFFLINE_PATH];
	struct span rest;
	size_t n = 0;

	if (text.len == 0 || text.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < text.len; i++, n++) {
		uint8_t c = text.ptr[i];

		if (c == '?' || c == '#')
			return false;
		if (c == '%') {
			if (text.len - i < 3 || !hex_decode(span_of(text.ptr + i + 1, 2), &c, 1))
				return false;
			i += 2;
		}
		if (c == '\0' || n + 1 >= sizeof(path))
			return false;
		path[n] = (char)c;
	}
	path[n] = '\0';
	for (rest = span_str(path); rest.ptr;)
		if (is_dots(span_cut(&rest, '/')))
			return false;
	memcpy(ret, path, n + 1);
	return true;
}

bool offline_folder(struct span url, char ret[OFFLINE_PATH])
{
	return span_starts(url, SCHEME) && take_path(span_skip(url, strlen(SCHEME)), ret);
}

static int add(struct discover_list *list, unsigned server, const char *folder, const char *file)
{
	struct discover_try *t = &list->at[list->n];
	struct buf url = BUF_INIT(URL_MAX);
	size_t root;
	int r = -EINVAL;

	buf_put_str(&url, SCHEME);
	url_put_path(&url, folder);
	root = url.len;
	url_put_path(&url, file);
	if (list->n < DISCOVER_MAX && buf_ok(&url) &&
	    span_to_str(buf_span(&url), t->url, sizeof(t->url)) == 0) {
		t->source = DISCOVER_OFFLINE;
		t->server = server;
		t->link[0] = '\0';
		t->servers[0] = '\0';
		t->root = root;
		list->n++;
		r = 0;
	}
	buf_done(&url);
	return r;
}

int offline_add(struct discover_list *list, unsigned server, const struct discover *d,
		const char *path)
{
	size_t len = strlen(path);
	char folder[OFFLINE_PATH];
	int r = 0;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len <= 1 || path[0] != '/' || len >= sizeof(folder))
		return -EINVAL;
	memcpy(folder, path, len);
	folder[len] = '\0';
	for (size_t i = 0; i < DISCOVER_LAYOUTS_N && r == 0; i++) {
		struct buf file = BUF_INIT(OFFLINE_PATH);

		buf_printf(&file, "/.well-known/%s/%s/%s/manifest.json", DISCOVER_LAYOUTS[i],
			   d->manufacturer, d->model);
		buf_put_byte(&file, '\0');
		r = buf_ok(&file) ? add(list, server, folder, (const char *)file.ptr) : -EINVAL;
		buf_done(&file);
	}
	return r < 0 ? r : add(list, server, folder, "/manifest.json");
}

bool offline_parts(const struct discover_try *try, char ret_folder[OFFLINE_PATH],
		   char ret_file[OFFLINE_PATH])
{
	struct span url = span_str(try->url);

	return try->root > 0 && try->root < url.len &&
	       offline_folder(span_of(url.ptr, try->root), ret_folder) &&
	       take_path(span_skip(url, try->root), ret_file);
}

bool offline_base(const char *file, char ret[URL_MAX + 1])
{
	struct buf url = BUF_INIT(URL_MAX);
	bool fits;

	buf_put_str(&url, OFFLINE_HOST);
	url_put_path(&url, file);
	fits = buf_ok(&url) && span_to_str(buf_span(&url), ret, URL_MAX + 1) == 0;
	buf_done(&url);
	return fits;
}

bool offline_file(struct span url, char ret[OFFLINE_PATH])
{
	return span_starts(url, OFFLINE_HOST "/") &&
	       take_path(span_skip(url, strlen(OFFLINE_HOST)), ret);
}
