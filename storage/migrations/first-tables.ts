import { Migration } from '@mikro-orm/migrations'
import { SqlitePlatform } from '@mikro-orm/sql'
import { daprTables, mysqlTables } from './mysql-tables.ts'
import { sqliteTables } from './sqlite-tables.ts'

/** What has been released is never changed: later tables come in migrations of their own. */
export class FirstTables extends Migration {
  override readonly name = '0001-first-tables'

  override up(): void {
    const tables =
      this.driver.getPlatform() instanceof SqlitePlatform ? sqliteTables : [...mysqlTables, ...daprTables]
    for (const statement of tables) this.addSql(statement)
  }
}
