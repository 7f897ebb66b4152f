#include "probe.h"

#include <stdio.h>

#include "program.h"
#include "programs.h"

void probe_add(struct proto_probed *p, const char *name, const char *what, const char *text)
{
	char line[4 * PROTO_TEXT];

	if (p->n == PROTO_PROBLEMS)
		return;
	(void)snprintf(line, sizeof(line), "%s: %s", what, text);
	proto_text(p->problems[p->n].name, PROTO_LABEL, name);
	proto_text(p->problems[p->n].text, PROTO_TEXT, line);
	p->n++;
}

static void probe_image(const struct install_config *config, struct backend *b, const char *name,
			uint64_t size, struct proto_probed *ret)
{
	uint64_t max = (uint64_t)config->size_max_mib * 1024 * 1024, limit;

	if (!span_has_word(span_str(config->components), span_str(name))) {
		probe_add(ret, "component-unknown", name, "not in Components=");
		return;
	}
	limit = b->ops->limit(b, name);
	if (max > 0 && max < limit)
		limit = max;
	if (size != PROTO_SIZE_ANY && size > limit)
		probe_add(ret, "image-too-large", name, "larger than its place");
}

static void probe_programs(const struct runner *r, struct proto_probed *ret)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		const struct runner_program *p;
		char path[PROGRAM_PATH_MAX];
		int e;

		if (!runner_has(r, i))
			continue;
		p = runner_program(r, i);
		e = program_find(p->path, path);
		if (e == -EPERM)
			probe_add(ret, "program-unsafe", p->path,
				  "others than root could change it, or a folder on the way");
		else if (e < 0)
			probe_add(ret, "program-missing", p->path, strerror(-e));
	}
}

void probe_all(const struct install_config *config, struct backend *b, const struct runner *r,
	       const struct proto_probe *asked, struct proto_probed *ret)
{
	*ret = (struct proto_probed){.room = PROTO_SIZE_ANY};
	for (uint32_t i = 0; i < asked->n; i++)
		probe_image(config, b, asked->images[i].component, asked->images[i].size, ret);
	b->ops->probe(b, ret);
	if (asked->size != PROTO_SIZE_ANY && asked->size > ret->room)
		probe_add(ret, "no-space", "slots", "not enough room for all images");
	probe_programs(r, ret);
}
