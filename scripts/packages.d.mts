/** The part of a manifest that is read outside of these scripts. */
export interface Manifest {
  readonly exports?: Readonly<Record<string, { readonly "corvid-source"?: string }>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export declare function publicPackages(
  root?: string,
): { readonly name: string; readonly folder: string; readonly manifest: Manifest }[];
