/** One case an operator and a trap; the expectations were checked against aws/event-ruler. */
import { describe, expect, it } from 'vitest';
import { PatternError } from './matcher.ts';
import { compilePattern, flattenEvent, matches } from './pattern.ts';

const test = (pattern: string, event: string) => matches(compilePattern(JSON.parse(pattern)), flattenEvent(JSON.parse(event)));

/** Title, matchers of field `a`, events whose `a` matches, events whose `a` does not. */
const operators: [string, string, string[], string[]][] = [
  ['a string', '["x"]', ['"x"', '["y","x"]'], ['"X"', '""', 'null', '[]', '{"x":1}']],
  ['the empty string', '[""]', ['""'], ['null', '" "']],
  ['a number', '[5]', ['5', '5.0', '50e-1', '[1,5]'], ['"5"', '5.1', 'true']],
  ['an exponent', '[300]', ['3.0e2'], ['3']],
  ['zero', '[0]', ['-0.0', '0'], ['null', 'false', '""']],
  ['true', '[true]', ['true'], ['"true"', '1', 'false']],
  ['null', '[null]', ['null', '[null]'], ['"null"', '0', '""', '[]']],
  ['several values', '["x", 5, null]', ['"x"', '5', 'null'], ['"y"', '"5"']],
  ['an address in another spelling', '["::1"]', ['"::1"', '"0:0:0:0:0:0:0:1"'], ['"::2"', '"1"']],
  ['prefix', '[{"prefix":"ab"}]', ['"abc"', '"ab"', '["x","abc"]'], ['"Abc"', '"a"', '12', 'null']],
  ['the empty prefix', '[{"prefix":""}]', ['""', '"x"'], ['5', 'null', 'true']],
  ['a prefix like a number', '[{"prefix":"5"}]', ['"55"'], ['55']],
  ['prefix, ignoring case', '[{"prefix":{"equals-ignore-case":"aB"}}]', ['"ABc"'], ['"xab"', '5']],
  ['suffix', '[{"suffix":"bc"}]', ['"abc"'], ['"aBC"', '"bcd"', '5']],
  ['suffix, ignoring case', '[{"suffix":{"equals-ignore-case":"bC"}}]', ['"aBc"'], ['"bcx"']],
  ['equals-ignore-case', '[{"equals-ignore-case":"AbC"}]', ['"aBc"'], ['"abcd"', '5']],
  ['wildcard', '[{"wildcard":"a*c"}]', ['"ac"', '"a/b/c"', '"abcabc"'], ['"acx"', '"xac"', '5']],
  ['wildcard with several stars', '[{"wildcard":"*/bin/*.jar"}]', ['"/usr/bin/x.jar"', '"/bin/.jar"'], ['"/bin/jar"', '"bin/x.jar"']],
  ['a lone star', '[{"wildcard":"*"}]', ['""', '"x"'], ['5', 'null']],
  ['a wildcard without a star', '[{"wildcard":"abc"}]', ['"abc"'], ['"abcd"']],
  ['an escaped star', '[{"wildcard":"a\\\\*b"}]', ['"a*b"'], ['"axb"']],
  ['an escaped backslash', '[{"wildcard":"a\\\\\\\\*"}]', ['"a\\\\x"'], ['"ax"']],
  ['overlapping ends', '[{"wildcard":"aba*aba"}]', ['"abaaba"', '"abaXaba"'], ['"aba"', '"ababa"']],
  ['cidr', '[{"cidr":"10.0.0.7/24"}]', ['"10.0.0.255"'], ['"10.0.1.0"', '"::1"', '"host"', '5']],
  ['cidr of IPv6', '[{"cidr":"2001:db8::/32"}]', ['"2001:db8::1"', '"2001:0DB8:1::"'], ['"2001:db9::1"', '"10.0.0.1"']],
  ['numeric equality', '[{"numeric":["=",3.018e2]}]', ['301.8'], ['"301.8"', '302']],
  ['numeric range', '[{"numeric":[">",0,"<=",5]}]', ['5', '0.1', '[9,3]'], ['0', '5.1', '"3"', 'null']],
  ['numeric bound', '[{"numeric":["<",10]}]', ['-1e9'], ['10', 'null']],
  ['exists', '[{"exists":true}]', ['null', '""', '[null]', '0'], ['[]', '{}', '{"b":1}']],
  ['exists false', '[{"exists":false}]', ['[]', '{}', '{"b":1}'], ['null', '""', '[null]']],
  ['anything-but a string', '[{"anything-but":"x"}]', ['"y"', 'null', '5', 'true', '["x","y"]'], ['"x"', '["x","x"]', '[]', '{}']],
  ['anything-but a number', '[{"anything-but":5}]', ['6', '"5"', 'null'], ['5', '5.0']],
  ['anything-but a list', '[{"anything-but":["x","y"]}]', ['"z"', '["x","z"]'], ['"x"', '["x","y"]']],
  ['anything-but numbers', '[{"anything-but":[1,2]}]', ['3', '"1"'], ['1', '2.0']],
  ['anything-but prefix', '[{"anything-but":{"prefix":"ab"}}]', ['"xab"', '5'], ['"abc"']],
  ['anything-but prefixes', '[{"anything-but":{"prefix":["a","b"]}}]', ['"c"'], ['"ax"', '"bx"']],
  ['anything-but suffix', '[{"anything-but":{"suffix":["1","2"]}}]', ['"x3"'], ['"x1"', '"2"']],
  ['anything-but ignoring case', '[{"anything-but":{"equals-ignore-case":["Stopped"]}}]', ['"running"', '0'], ['"STOPPED"']],
  ['anything-but wildcard', '[{"anything-but":{"wildcard":"*/lib/*"}}]', ['"/bin/x"', 'null'], ['"/lib/x"']],
  ['anything-but or absent', '[{"anything-but":"x"},{"exists":false}]', ['"y"', '[]'], ['"x"']],
];

describe('the operators of an event pattern', () => {
  it.each(operators)('match %s', (_title, matchers, yes, no) => {
    for (const value of yes) expect(test(`{"a":${matchers}}`, `{"a":${value}}`), value).toBe(true);
    for (const value of no) expect(test(`{"a":${matchers}}`, `{"a":${value}}`), value).toBe(false);
  });

  it.each([
    ['["x"]', false],
    ['[null]', false],
    ['[{"anything-but":"x"}]', false],
    ['[{"exists":true}]', false],
    ['[{"exists":false}]', true],
  ])('treat a missing field: %s', (matchers, expected) => {
    expect(test(`{"a":${matchers}}`, '{"b":1}')).toBe(expected);
  });
});

describe('the structure of an event pattern', () => {
  it.each([
    ['asks for every field', '{"a":[1],"b":{"c":[2]}}', '{"a":1,"b":{"c":2},"d":3}', '{"a":1,"b":{"c":3}}'],
    ['flattens names with dots on both sides', '{"user.email":["x"]}', '{"user":{"email":"x"}}', '{"user":{"mail":"x"}}'],
    ['flattens names of the event too', '{"user":{"email":["x"]}}', '{"user.email":"x"}', '{"email":"x"}'],
    [
      'wants both fields in one element of an array',
      '{"d":{"a":[1],"b":[2]}}',
      '{"d":[{"a":1,"b":9},{"a":1,"b":2}]}',
      '{"d":[{"a":1},{"b":2}]}',
    ],
    [
      'holds that through nested arrays',
      '{"d":{"e":{"a":[1],"b":[2]}}}',
      '{"d":[{"e":[{"a":1,"b":2}]}]}',
      '{"d":[{"e":[{"a":1},{"b":2}]}]}',
    ],
    [
      'leaves unrelated arrays alone',
      '{"d":{"a":[1]},"e":{"b":[2]}}',
      '{"d":[{"a":0},{"a":1}],"e":[{"b":2}]}',
      '{"d":[{"a":1}],"e":[{"b":1}]}',
    ],
    ['looks into arrays of arrays', '{"a":[1]}', '{"a":[[0],[1]]}', '{"a":[[0],[2]]}'],
    ['takes one of $or', '{"s":[1],"$or":[{"a":[1]},{"b":[2]}]}', '{"s":1,"b":2}', '{"s":1,"a":2,"b":1}'],
    ['nests $or', '{"d":{"$or":[{"a":[1]},{"$or":[{"b":[1]},{"c":[1]}]}]}}', '{"d":{"c":1}}', '{"c":1}'],
    ['combines two $or', '{"$or":[{"a":[1]},{"b":[1]}],"d":{"$or":[{"a":[1]},{"b":[1]}]}}', '{"b":1,"d":{"a":1}}', '{"a":1,"b":1}'],
    ['lets $or override the field outside it', '{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}', '{"a":"y"}', '{"a":"x"}'],
    ['lets the last of two equal keys win', '{"a":[1],"a":[2]}', '{"a":2}', '{"a":1}'],
  ])('%s', (_title, pattern, yes, no) => {
    expect(test(pattern, yes)).toBe(true);
    expect(test(pattern, no)).toBe(false);
  });
});

describe('an invalid event pattern', () => {
  it.each([
    ['[]', 'Filter is not an object'],
    ['{}', 'Empty objects are not allowed'],
    ['{"a":{}}', 'Empty objects are not allowed'],
    ['{"a":[]}', 'Empty arrays are not allowed'],
    ['{"a":"x"}', '"a" must be an object or an array'],
    ['{"a":[["x"]]}', 'Match value must be String, number, true, false, or null'],
    ['{"a":[{}]}', 'Match expression name not found'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"like":"x"}]}', 'Unrecognized match type like'],
    ['{"a":[{"prefix":5}]}', 'prefix match pattern must be a string'],
    ['{"a":[{"prefix":{"suffix":"x"}}]}', 'Unsupported prefix pattern: suffix'],
    ['{"a":[{"exists":"true"}]}', 'exists match pattern must be either true or false.'],
    ['{"a":[{"wildcard":"a**b"}]}', 'Consecutive wildcard characters at pos 2'],
    ['{"a":[{"wildcard":"a\\\\b"}]}', 'Invalid escape character at pos 2'],
    ['{"a":[{"cidr":"10.0.0.1"}]}', "Malformed CIDR, one '/' required"],
    ['{"a":[{"cidr":"10.0.0.1/32"}]}', 'IPv4 mask bits must be < 32'],
    ['{"a":[{"cidr":"::1/128"}]}', 'IPv6 mask bits must be < 128'],
    ['{"a":[{"cidr":"10.0.0/8"}]}', 'Nonstandard IP address: 10.0.0'],
    ['{"a":[{"numeric":["!=",5]}]}', 'Unrecognized numeric range operator: !='],
    ['{"a":[{"numeric":["=","5"]}]}', 'Value of = must be numeric'],
    ['{"a":[{"numeric":["<",5,">",0]}]}', 'Too many elements in numeric expression'],
    ['{"a":[{"numeric":[">",5,"<",1]}]}', 'Bottom must be less than top'],
    ['{"a":[{"anything-but":[]}]}', 'Inside anything-but list, either all values are number or string, mixed type is not supported'],
    ['{"a":[{"anything-but":["x",5]}]}', 'Inside anything-but list, either all values are number or string, mixed type is not supported'],
    ['{"a":[{"anything-but":[null]}]}', 'Inside anything-but list, start|null|boolean is not supported.'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"numeric":["=",5]}}]}', 'Unsupported anything-but pattern: numeric'],
    ['{"$or":[{"a":[1]}]}', 'There must have at least 2 Objects in $or relationship.'],
    ['{"$or":[{"prefix":["x"]},{"a":[1]}]}', 'prefix is a reserved field name which cannot be used inside $or.'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(() => compilePattern(JSON.parse(pattern))).toThrow(new PatternError(message));
  });

  it('reads $or as an ordinary field where the pattern makes sense that way', () => {
    expect(test('{"$or":[{"prefix":"x"}]}', '{"$or":"xyz"}')).toBe(true);
  });
});
