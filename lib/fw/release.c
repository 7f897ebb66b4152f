#include "fw/release.h"

#define KEY "IMAGE_VERSION="

static struct span unquote(struct span v)
{
	if (v.len >= 2 && (v.ptr[0] == '"' || v.ptr[0] == '\'') && v.ptr[v.len - 1] == v.ptr[0])
		return span_of(v.ptr + 1, v.len - 2);
	return v;
}

bool release_version(struct span text, struct fw_version *ret)
{
	struct fw_version found;
	bool any = false;

	while (text.ptr) {
		struct span line = span_cut(&text, '\n');

		if (span_starts(line, KEY))
			any = fw_version_parse(unquote(span_skip(line, strlen(KEY))), &found);
	}
	if (any)
		*ret = found;
	return any;
}

void release_write(const char *model, const struct fw_version *version, struct buf *out)
{
	char text[FW_VERSION_TEXT + 1];

	fw_version_format(version, text);
	buf_put_str(out, "IMAGE_ID=");
	for (; *model; model++) {
		char c = (char)(*model >= 'A' && *model <= 'Z' ? *model | 0x20 : *model);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._-", c);

		buf_put_byte(out, plain ? (uint8_t)c : '_');
	}
	buf_printf(out, "\n" KEY "%s\n", text);
}
