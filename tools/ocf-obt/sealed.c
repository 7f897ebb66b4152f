#include "sealed.h"

#include <termios.h>

#include "crypto/seal.h"
#include "file.h"

#define SEALED_MAX ((size_t)128 * 1024 * 1024)

struct phrase {
	char text[SEAL_PASS_MAX + 2];
};

static void phrase_wipe(struct phrase *p)
{
	explicit_bzero(p, sizeof(*p));
}

static int read_line(FILE *from, struct phrase *ret)
{
	char *end;

	if (!fgets(ret->text, sizeof(ret->text), from))
		return -ENODATA;
	end = strpbrk(ret->text, "\r\n");
	if (end)
		*end = '\0';
	return 0;
}

static int prompt(const char *what, struct phrase *ret)
{
	struct termios old, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &old) == 0;
	int r;

	(void)fputs(what, stderr);
	if (terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	r = read_line(stdin, ret);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		(void)fputc('\n', stderr);
	}
	return r;
}

/* 0; else out_fail() was told. */
static enum outcome ask(const struct options *o, bool twice, struct phrase *ret)
{
	struct phrase again CLEANUP(phrase_wipe) = {.text = ""};
	FILE *f;
	int r;

	if (o->passphrase_file) {
		f = strcmp(o->passphrase_file, "-") == 0 ? stdin : fopen(o->passphrase_file, "re");
		r = f ? read_line(f, ret) : -errno;
		if (f && f != stdin)
			(void)fclose(f);
		return r < 0 ? out_fail(o->json, OUT_USAGE, "%s: %s", o->passphrase_file,
					strerror(-r))
			     : OUT_OK;
	}
	if (prompt("Passphrase: ", ret) < 0 || (twice && prompt("Again: ", &again) < 0))
		return out_fail(o->json, OUT_DECLINED, "no passphrase was given");
	if (twice && strcmp(ret->text, again.text) != 0)
		return out_fail(o->json, OUT_USAGE, "these are two passphrases");
	return OUT_OK;
}

enum outcome sealed_write(const struct options *o, const char *path, struct span data)
{
	struct phrase phrase CLEANUP(phrase_wipe) = {.text = ""};
	struct buf out CLEANUP(buf_done) = BUF_INIT(SEALED_MAX);
	enum outcome outcome = ask(o, true, &phrase);
	int r;

	if (outcome != OUT_OK)
		return outcome;
	r = seal_close(span_str(phrase.text), data, &out);
	if (r == -EINVAL)
		return out_fail(o->json, OUT_USAGE, "a passphrase has 8 to 255 characters");
	if (r >= 0)
		r = file_write(path, buf_span(&out));
	return r < 0 ? out_fail(o->json, OUT_FAILED, "%s: %s", path, strerror(-r)) : OUT_OK;
}

enum outcome sealed_read(const struct options *o, const char *path, struct buf *out)
{
	struct phrase phrase CLEANUP(phrase_wipe) = {.text = ""};
	struct buf in CLEANUP(buf_done) = BUF_INIT(SEALED_MAX);
	enum outcome outcome;
	int r = file_read(path, &in);

	if (r < 0)
		return out_fail(o->json, OUT_USAGE, "%s: %s", path, strerror(-r));
	outcome = ask(o, false, &phrase);
	if (outcome != OUT_OK)
		return outcome;
	r = seal_open(span_str(phrase.text), buf_span(&in), out);
	if (r == -EKEYREJECTED || r == -EINVAL)
		return out_fail(o->json, OUT_KEY, "%s: another passphrase, or it was changed",
				path);
	return r < 0 ? out_fail(o->json, OUT_USAGE, "%s: not a file of ours", path) : OUT_OK;
}
