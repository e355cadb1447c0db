// What every shader starts with.
layout(local_size_x = 64) in;

// A storage block is bound at the device's alignment below its first element;
// the uniform NAME_at is where that element is. An ALIASED source may be the
// same memory as a target.
#define BLOCK(i, name) buffer name##_block { float name[]; }; layout(location = i) uniform int name##_at
#define SOURCE(i, name) layout(std430, binding = i) readonly restrict BLOCK(i, name)
#define ALIASED(i, name) layout(std430, binding = i) readonly BLOCK(i, name)
#define TARGET(i, name) layout(std430, binding = i) BLOCK(i, name)

// A shader's own uniforms have the locations i from 8 on.
#define UNIFORM(i, type, name) layout(location = i) uniform type name

// Work groups are numbered in rows.
int group() { return int(gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x); }

int lane() { return int(gl_LocalInvocationID.x); }

// The number of this thread among all.
int thread() { return group() * 64 + lane(); }

// EACH visits this thread's share of n elements: 4 of the 256 of its group.
#define EACH(i, n) for (int i = group() * 256 + lane(), i##_end = min(i + 256 - lane(), n); i < i##_end; i += 64)

// relu lets NaN pass, as PyTorch does.
float relu(float v) { return v > 0.0 || isnan(v) ? v : 0.0; }
