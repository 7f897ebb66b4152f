#include "base/parse.h"
#include "files.h"
#include "verbs.h"

#define PIN_MAX ((size_t)256)

/* What stands behind "NAME=" in the URL (RFC 7512); ptr NULL: nothing. */
static struct span attribute(const char *url, const char *name)
{
	const char *at = strstr(url, name);

	if (!at)
		return span_of(NULL, 0);
	at += strlen(name);
	return span_of(at, strcspn(at, "&;?"));
}

static void put_decoded(struct span s, struct buf *out)
{
	for (uint8_t c; s.len > 0; s = span_skip(s, 1)) {
		c = s.ptr[0];
		if (c == '%' && s.len > 2 && hex_decode(span_of(s.ptr + 1, 2), &c, 1))
			s = span_skip(s, 2);
		buf_put_byte(out, c);
	}
}

/* The PIN, perhaps with a line end. 0, or told. */
static int read_pin(struct span source, struct buf *pin)
{
	struct buf path CLEANUP(buf_done) = BUF_INIT(MANIFEST_TEXT_MAX);
	const char *why = NULL;
	bool is_open = false;
	int r;

	put_decoded(span_starts(source, "file:") ? span_skip(source, 5) : source, &path);
	buf_put_byte(&path, '\0');
	r = buf_ok(&path) ? files_read_key((const char *)path.ptr, pin, &is_open) : -ENAMETOOLONG;
	while (pin->len > 0 && strchr("\r\n", pin->ptr[pin->len - 1]))
		pin->len--;
	if (r < 0)
		why = strerror(-r);
	else if (is_open)
		why = "others can read it; chmod 600 it first";
	else if (pin->len == 0 || pin->len == PIN_MAX || memchr(pin->ptr, '\0', pin->len))
		why = "there is no PIN in it";
	if (why)
		cli_say("pin-source: %s", why);
	return why ? -EINVAL : 0;
}

/* GnuTLS takes a PIN in the URL, or from a file only without a line end. 0, or told; *out shows
 * whether there was room. */
static int put_pin(const char *url, struct span source, struct buf *out)
{
	static const char NAME[] = "pin-source=";
	struct buf pin CLEANUP(buf_done) = {.max = PIN_MAX, .secret = true};
	int r = read_pin(source, &pin);

	if (r < 0)
		return r;
	buf_put_byte(&pin, '\0'); /* there is room: it is shorter than PIN_MAX */
	buf_put(out, span_of(url, (size_t)((const char *)source.ptr - url) - strlen(NAME)));
	buf_put_str(out, "pin-value=");
	if (buf_ok(&pin))
		url_put_path(out, (const char *)pin.ptr);
	buf_put_str(out, (const char *)source.ptr + source.len);
	return 0;
}

int token_read(const char *url, struct key **ret)
{
	struct buf full CLEANUP(buf_done) = {.max = 2 * URL_MAX, .secret = true};
	struct span source = attribute(url, "pin-source=");
	const char *why = "the URL is too long";
	int r = 0;

	if (attribute(url, "pin-value=").ptr) {
		cli_say("others can see the PIN in a command: put it into a file, pin-source=FILE");
		return -EINVAL;
	}
	if (source.ptr)
		r = put_pin(url, source, &full);
	else
		buf_put_str(&full, url);
	if (r < 0)
		return r;
	buf_put_byte(&full, '\0');
	r = buf_ok(&full) ? key_import_url((const char *)full.ptr, ret, &why) : -ENAMETOOLONG;
	if (r < 0)
		cli_say("key in a token: %s%s", why,
			source.ptr ? "" : " (no pin-source=FILE is given)");
	return r;
}
