// What every shader starts with.
#ifndef THREADS
#define THREADS 64 // of a work group
#endif
layout(local_size_x = THREADS) in;

// Everything a dispatch passes besides memory, floats by their bits: one call sets it.
layout(location = 0) uniform int arg[48];
// A dispatch may come in pieces; this is the number of a piece's first work group.
layout(location = 48) uniform int firstGroup;

#define intArg(i) arg[i]
#define floatArg(i) intBitsToFloat(arg[i])
#define boolArg(i) (arg[i] != 0)

// A shader's own arguments have the numbers i from 8 on.
#define UNIFORM(i, type, name) type name = type##Arg(i)

// A storage block is bound at the device's alignment below its first element;
// NAME_at is where that element is. An ALIASED source may be the same memory as a
// target. The device learns from the names of blocks which ones are written.
#define BLOCK(i, name, role, type) buffer name##_##role { type name[]; }; int name##_at = arg[i]
#define SOURCE(i, name) layout(std430, binding = i) readonly restrict BLOCK(i, name, source, float)
#define ALIASED(i, name) layout(std430, binding = i) readonly BLOCK(i, name, source, float)
#define TARGET(i, name) layout(std430, binding = i) BLOCK(i, name, target, float)
#define VECTORS(i, name) layout(std430, binding = i) readonly restrict BLOCK(i, name, source, vec4)
#define VECTOR_TARGET(i, name) layout(std430, binding = i) BLOCK(i, name, target, vec4)

// A tensor in 16 bits comes in quads of 4 neighboring elements, of which rows have whole
// numbers: a word of the elements 0 and 2 and one of 1 and 3, so that kernels for every
// second element have words of their own. Its NAME_at counts elements.
#define HALVES_BLOCK(i, name, role) buffer name##_##role { uint name[]; }; int name##_at = 2 * arg[i]
#define HALVES(i, name) layout(std430, binding = i) readonly restrict HALVES_BLOCK(i, name, source)
#define HALVES_ALIASED(i, name) layout(std430, binding = i) readonly HALVES_BLOCK(i, name, source)
#define HALVES_TARGET(i, name) layout(std430, binding = i) HALVES_BLOCK(i, name, target)
#define WORD(i) (((i) >> 2 << 1) + ((i) & 1))
#define HALF(name, i) unpackHalf2x16(name[WORD(i)])[(i) >> 1 & 1]

// An INPUT is in 16 bits with HALF_INPUT.
#ifdef HALF_INPUT
#define INPUT_BLOCK HALVES
#define ELEMENT(name, i) HALF(name, i)
#else
#define INPUT_BLOCK SOURCE
#define ELEMENT(name, i) name[i]
#endif

// A result is in 16 bits with HALF_RESULT, the number of the storage block with the word
// that notes values which are too large. Its order among dispatches does not matter.
#ifdef HALF_RESULT
layout(std430, binding = HALF_RESULT) buffer overflow_note { uint overflow[]; };

uint halves(vec2 v) {
	const float most = 65504.0;
	if (any(greaterThan(abs(v), vec2(most)))) atomicOr(overflow[0], 1u);
	return packHalf2x16(clamp(v, -most, most));
}
#endif

// Work groups are numbered in rows.
int group() { return firstGroup + int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x); }

int lane() { return int(gl_LocalInvocationID.x); }

// The number of this thread among all.
int thread() { return group() * 64 + lane(); }

// EACH visits this thread's share of n elements: 4 of the 256 of its group.
#define EACH(i, n) for (int i = group() * 256 + lane(), i##_end = min(i + 256 - lane(), n); i < i##_end; i += 64)

#ifdef SHARED
// SUM_GROUP sums the values v of a group's threads pair by pair: all get the sum. Every
// thread must come by.
#define SUM_GROUP(v, room) \
	room[lane()] = v; \
	for (int half_ = 32; half_ > 0; half_ /= 2) { \
		barrier(); \
		if (lane() < half_) room[lane()] += room[lane() + half_]; \
	} \
	barrier(); \
	v = room[0]; \
	barrier()
#endif

// relu lets NaN pass, as PyTorch does.
float relu(float v) { return v > 0.0 || isnan(v) ? v : 0.0; }
