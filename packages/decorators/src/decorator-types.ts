/** Any method, accessor or function. */
export type AnyMethod = (...args: never[]) => unknown;

/** Any class, abstract ones and those with a private constructor too. */
export interface AnyClass {
  readonly prototype: object;
}

/** A decorator as TC39 defines it, for every place it fits. */
export interface StandardDecorator {
  (target: AnyClass, context: ClassDecoratorContext): void;
  <T extends AnyMethod>(
    target: T,
    context: ClassMethodDecoratorContext | ClassGetterDecoratorContext | ClassSetterDecoratorContext,
  ): T;
  <This, V>(
    target: ClassAccessorDecoratorTarget<This, V>,
    context: ClassAccessorDecoratorContext<This, V>,
  ): ClassAccessorDecoratorResult<This, V>;
  <This, V extends AnyMethod>(
    target: undefined,
    context: ClassFieldDecoratorContext<This, V>,
  ): (initial: V) => V;
}

/** A decorator of TypeScript's `experimentalDecorators`, for classes, methods and accessors. */
export interface LegacyDecorator {
  (target: AnyClass): void;
  <T>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): TypedPropertyDescriptor<T> | undefined;
}

/** A decorator in either dialect: which one is seen from the arguments. */
export type CaptureDecorator = StandardDecorator & LegacyDecorator;
